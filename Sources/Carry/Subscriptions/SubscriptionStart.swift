public import Brokers
public import FleetCore
public import Inbox
public import Stores

/// Finds where a subscription stands: what its reader's store says, compared with the stream.
public struct SubscriptionStart: Sendable {
    private let subscription: SubscriptionName
    private let stream: StreamName
    private let broker: any Broker
    /// Who reads, for people: `view orders.order_lines`.
    private let reader: String
    /// What to do where the stream is not the one that was read, besides putting that back.
    private let remedy: String

    public init(
        subscription: SubscriptionName, stream: StreamName, broker: any Broker, reader: String, remedy: String
    ) {
        self.subscription = subscription
        self.stream = stream
        self.broker = broker
        self.reader = reader
        self.remedy = remedy
    }

    /// Finds where the subscription stands, or begins it at the oldest record that there is.
    /// - Throws: `gap` where the stream is another than the one that was read, or does not have what was read.
    public func open(in store: any Store) async throws -> Inbox.State {
        let (name, stream) = (subscription.name, stream)
        let bounds = try await broker.bounds(of: stream)
        let oldest = LogPosition(bounds.first.value - 1)
        let found = try await store.read { try Inbox.state(of: name, in: stream, $0) }
        let begun: Inbox.State
        if let found {
            guard found.streamIdentity == bounds.identity else {
                throw FleetError(
                    .gap, "stream \(stream) is not the one that \(reader) has read until now: it was made anew",
                    remedy: "put the old file back, or \(remedy)")
            }
            try await checkLastRecord(of: found, within: bounds)
            begun = found
        } else {
            begun = try await store.write {
                try Inbox.begin(name, in: stream, identity: bounds.identity, after: oldest, $0)
            }
        }
        // The store is right where the broker differs: after a restored backup it asks for older records again.
        try await broker.subscribe(subscription, to: stream, at: begun.position)
        return begun
    }

    /// Looks whether the record that was taken last is still the one at its position, as far as it is still there: where
    /// an older copy of the stream has taken its place and grown since, other records were appended there.
    private func checkLastRecord(of state: Inbox.State, within bounds: StreamBounds) async throws {
        guard state.position <= bounds.last else {
            // Told here, and not only by the first read: until then the gap may be filled.
            throw FleetError(
                .gap,
                "stream \(stream) ends at position \(bounds.last), before position \(state.position) that \(reader) has"
                    + " read already: an older copy of the stream was put in its place",
                remedy: "put the newest copy back, or \(remedy)")
        }
        guard let id = state.lastEventID, state.position >= bounds.first else { return }
        let before = LogPosition(state.position.value - 1)
        let there: LogRecord?
        do {
            there = try await broker.read(stream, after: before, limit: BatchLimit(events: 1, bytes: ByteCount(1)))
                .first
        } catch let error as FleetError where error.code == .gap {
            // Dropped meanwhile.
            return
        }
        guard let there, there.position == state.position, there.event.id != id else { return }
        throw FleetError(
            .gap,
            "stream \(stream) has another record at position \(state.position) than \(reader) has read there: an older"
                + " copy of the stream was put in its place, and has grown since",
            remedy: "put the newest copy back, or \(remedy)")
    }
}
