import Brokers
public import FleetCore
public import FleetFile
import Inbox
import Parking
import Stores

/// Takes a subscription back in its streams, so that what came since takes effect again in it alone.
public struct ReplayAdministration: Sendable {
    /// Where to begin again.
    public enum Beginning: Sendable {
        /// With the first record that the broker appended at this time or later.
        case time(Timestamp)
        /// With the record at this position.
        case position(LogPosition)
    }

    /// What is taken again of one stream.
    public struct Part: Sendable {
        public var stream: StreamName
        /// The first record that is taken again.
        public var first: LogPosition
        /// The last record that the subscription has taken.
        public var last: LogPosition
        /// When the first of them was appended, where that is known.
        public var since: Timestamp?

        public var count: Int { Int(max(0, last.value - first.value + 1)) }
    }

    private let fleet: FleetDefinition
    private let service: ServiceDefinition
    public let subscription: SubscriptionName
    private let streams: [StreamName]
    private let beginning: Beginning

    /// - Parameters:
    ///   - name: `service.view`.
    ///   - source: the service whose stream is meant; `nil` for every stream that the view reads.
    /// - Throws: `invalidInput` where there is no such view or stream, or a position is given and no stream.
    public init(
        _ name: String, from source: String?, beginning: Beginning, in fleet: FleetDefinition
    ) throws {
        let all = fleet.subscriptions
        guard let found = all.first(where: { $0.name.description == name }) else {
            let known = all.map(\.name.description)
            let bare = all.filter { $0.name.name == name }.map(\.name.description)
            throw FleetError(
                .invalidInput, "\(fleet.file) has no view \(name)",
                remedy: (bare.first ?? NearestName.of(name, in: known)).map { "did you mean \($0)?" }
                    ?? (known.isEmpty ? "declare one under `views`" : "it has \(known.joined(separator: ", "))"))
        }
        let sources = found.sources.map(\.text)
        if let source, !sources.contains(source) {
            throw FleetError(
                .invalidInput, "\(name) reads no stream of \(source)",
                remedy: NearestName.of(source, in: sources).map { "did you mean \($0)?" }
                    ?? "it reads \(sources.joined(separator: ", "))")
        }
        if case .position = beginning, source == nil, sources.count > 1 {
            throw FleetError(
                .invalidInput, "\(name) reads \(sources.count) streams, and a position is one of a stream",
                remedy: "say whose: --from \(sources.joined(separator: " or --from "))")
        }
        self.fleet = fleet
        self.beginning = beginning
        (service, subscription) = (found.service, found.name)
        streams = found.sources.filter { source == nil || $0.text == source }.map { fleet.stream(of: $0) }
    }

    /// What would be taken again, stream by stream. Changes nothing.
    /// - Throws: `gap` where retention has dropped records that were to be taken again, or the stream is not the one that the
    ///   view has read.
    public func plan() async throws -> [Part] {
        try await withStoreAndBroker(isReadOnly: true) { store, broker in try await plan(store, broker) }
    }

    /// Does it.
    /// - Returns: what is taken again, and how many parked events were dropped, because they come again.
    public func run() async throws -> (parts: [Part], dropped: Int) {
        try await FleetSetup.requireApplied(fleet)
        return try await withStoreAndBroker(isReadOnly: false) { store, broker in
            let planned = try await plan(store, broker).filter { $0.count > 0 }
            guard !planned.isEmpty else { return ([], 0) }
            // From now on retention spares what is taken again.
            try await moveCursors(to: planned, broker)
            var steps: [(part: Part, eventID: EventID?)] = []
            for part in planned {
                let bounds = try await broker.bounds(of: part.stream)
                try check(part.first, part.stream, bounds)
                steps.append((part, try await event(before: part.first, in: part.stream, bounds, broker)))
            }
            let name = subscription.name
            let (done, dropped) = try await store.write { [steps] transaction in
                var done: [Part] = []
                var dropped = 0
                for (part, eventID) in steps {
                    let before = LogPosition(part.first.value - 1)
                    guard let state = try Inbox.state(of: name, in: part.stream, transaction),
                        state.position > before
                    else { continue }
                    try Inbox(number: state.number).rewind(
                        from: state.position, to: before, eventID: eventID, transaction)
                    dropped += try Parking(place: .subscription(name), stream: part.stream)
                        .removeAll(after: before, in: transaction)
                    var part = part
                    part.last = state.position
                    done.append(part)
                }
                return (done, dropped)
            }
            // A delivery at work may have told the broker of what it did before.
            try await moveCursors(to: done, broker)
            try await restart()
            return (done, dropped)
        }
    }

    /// A delivery that runs notices at once; without this, with its next event.
    private func restart() async throws {
        let state = Connectors.state(of: fleet)
        do {
            try await state.restart(subscription.description)
        } catch {
            await state.close()
            throw error
        }
        await state.close()
    }

    private func moveCursors(to parts: [Part], _ broker: any Broker) async throws {
        for part in parts {
            try await broker.subscribe(subscription, to: part.stream, at: LogPosition(part.first.value - 1))
        }
    }

    private func plan(_ store: any Store, _ broker: any Broker) async throws -> [Part] {
        var parts: [Part] = []
        let name = subscription.name
        for stream in streams {
            let bounds = try await broker.bounds(of: stream)
            guard let state = try await store.read({ try Inbox.state(of: name, in: stream, $0) }) else { continue }
            guard state.streamIdentity == bounds.identity, state.position <= bounds.last else {
                throw FleetError(
                    .gap, "stream \(stream) is not the one that \(subscription) has read until now",
                    remedy: fleet.kind(of: subscription).remedyForAnotherStream(subscription))
            }
            let first = try await first(in: stream, bounds, broker)
            var part = Part(stream: stream, first: first, last: state.position)
            if part.count > 0 {
                try check(first, stream, bounds)
                part.since = try await broker.appendTime(of: first, in: stream)
            }
            parts.append(part)
        }
        return parts
    }

    private func first(in stream: StreamName, _ bounds: StreamBounds, _ broker: any Broker) async throws -> LogPosition
    {
        switch beginning {
        case .position(let position): return position
        case .time(let time):
            let first = try await broker.firstPosition(since: time, in: stream, within: bounds)
            guard first == bounds.first, first.value > 1, bounds.firstTime != time else { return first }
            // There may have been others since then, before it.
            throw dropped("what was appended since \(time)", stream, bounds)
        }
    }

    private func check(_ first: LogPosition, _ stream: StreamName, _ bounds: StreamBounds) throws {
        if first < bounds.first { throw dropped("record \(first)", stream, bounds) }
    }

    private func dropped(_ what: String, _ stream: StreamName, _ bounds: StreamBounds) -> FleetError {
        let remedy =
            bounds.firstTime.map {
                "the first that is there is record \(bounds.first), of \($0): --position \(bounds.first) or --since \($0)"
            } ?? "the stream holds no records"
        return FleetError(
            .gap,
            "\(what) may be gone from stream \(stream): retention has dropped what was before record \(bounds.first)",
            remedy: remedy + fleet.kind(of: subscription).alternativeToReplay(subscription))
    }

    /// The id of the event before a record; `nil` where it is not there any more.
    private func event(
        before first: LogPosition, in stream: StreamName, _ bounds: StreamBounds, _ broker: any Broker
    ) async throws -> EventID? {
        guard first > bounds.first else { return nil }
        let limit = BatchLimit(events: 1, bytes: ByteCount(1))
        return try await broker.read(stream, after: LogPosition(first.value - 2), limit: limit).first?.event.id
    }

    private func withStoreAndBroker<Result>(
        isReadOnly: Bool, _ body: (any Store, any Broker) async throws -> Result
    ) async throws -> Result {
        let broker = Connectors.broker(of: fleet, isReadOnly: isReadOnly)
        do {
            let result = try await Connectors.withStore(of: service) { try await body($0, broker) }
            await broker.close()
            return result
        } catch {
            await broker.close()
            throw error
        }
    }
}
