public import FleetCore

/// A broker: durable logs of events, one a service, and the cursors of those who read them.
///
/// Positions in a stream only grow. Everything a call has returned from is durable, but for
/// ``acknowledge(upTo:by:in:)``, whose loss only means that records are read again.
public protocol Broker: Sendable {
    /// What may be shown of where the broker is.
    var name: String { get }

    /// Appends events in order, all or none, and returns the position of the last once they are durable.
    /// - Throws: `full` (retriable) where a declared bound is reached and the records in it are still to be read.
    func append(_ events: [Event], to stream: StreamName) async throws -> LogPosition

    /// Reads records after a position, at most one batch. Empty where there is none yet.
    /// - Parameter subscription: who reads, so that a broker may have ready what comes next; `nil` for a look that leaves
    ///   nothing behind. It moves no cursor.
    /// - Throws: `gap` where retention has dropped records after `position`; the message says from where on there
    ///   are records.
    func read(
        _ stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, limit: BatchLimit
    ) async throws -> [LogRecord]

    /// Returns once the stream may have records after a position, or after `timeout`.
    /// - Parameter subscription: who waits, as in ``read(_:for:after:limit:)``.
    func waitForRecords(
        in stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, timeout: Duration
    ) async throws

    /// What the stream holds.
    func bounds(of stream: StreamName) async throws -> StreamBounds

    /// What a stream lacks that can be carried nevertheless: a server that should hold it, too. `nil` where all is well.
    func weakness(of stream: StreamName) async throws -> FleetError?

    /// When a record was appended; `nil` where there is none at this position.
    func appendTime(of position: LogPosition, in stream: StreamName) async throws -> Timestamp?

    /// Puts a subscription's cursor at a position, creating it where there is none; `nil` leaves an existing cursor
    /// where it is, and begins a new one at the stream's beginning. Retention spares what comes after a cursor.
    func subscribe(_ subscription: SubscriptionName, to stream: StreamName, at position: LogPosition?) async throws

    /// Moves a subscription's cursor forward; a lower position than it has is ignored.
    func acknowledge(upTo position: LogPosition, by subscription: SubscriptionName, in stream: StreamName) async throws

    /// Removes a subscription's cursor. No error where there is none.
    func unsubscribe(_ subscription: SubscriptionName, from stream: StreamName) async throws

    /// The cursors of a stream.
    func subscriptions(of stream: StreamName) async throws -> [SubscriptionName: LogPosition]

    /// Drops what retention allows to be dropped, in bounded batches.
    ///
    /// Nothing is dropped where one of `readers` has no cursor: where it stands, nobody knows.
    func trim(_ stream: StreamName, sparing readers: [SubscriptionName]) async throws

    func close() async
}

extension Broker {
    public func weakness(of stream: StreamName) async throws -> FleetError? { nil }

    /// The first of a stream's records that was appended at a time or later; the next to come where there is none.
    ///
    /// Looks by halves, as records are appended in the order of time; where the broker's clock was put back, the position is
    /// one of those that fit.
    public func firstPosition(
        since time: Timestamp, in stream: StreamName, within bounds: StreamBounds
    ) async throws -> LogPosition {
        var (low, high) = (bounds.first.value, bounds.last.value + 1)
        while low < high {
            let middle = low + (high - low) / 2
            // What is dropped meanwhile was older.
            if let appended = try await appendTime(of: LogPosition(middle), in: stream), appended >= time {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return LogPosition(low)
    }

    /// Trims for those readers that have a cursor: ``trim(_:sparing:)``.
    public func trim(_ stream: StreamName) async throws { try await trim(stream, sparing: []) }

    /// Reads for nobody in particular: ``read(_:for:after:limit:)``.
    public func read(
        _ stream: StreamName, after position: LogPosition, limit: BatchLimit
    ) async throws -> [LogRecord] {
        try await read(stream, for: nil, after: position, limit: limit)
    }

    /// Waits for nobody in particular: ``waitForRecords(in:for:after:timeout:)``.
    public func waitForRecords(in stream: StreamName, after position: LogPosition, timeout: Duration) async throws {
        try await waitForRecords(in: stream, for: nil, after: position, timeout: timeout)
    }
}

/// A record of a log.
public struct LogRecord: Sendable, Hashable {
    public var position: LogPosition
    public var event: Event

    public init(position: LogPosition, event: Event) {
        self.position = position
        self.event = event
    }
}

/// What a stream holds.
public struct StreamBounds: Sendable, Hashable {
    /// Tells this stream from any other that ever had its name: positions of another mean nothing here.
    public var identity: String
    /// Of the oldest record that is still there, or the next to come if there is none.
    public var first: LogPosition
    /// Of the newest record ever appended; ``LogPosition/start`` if there was none.
    public var last: LogPosition
    /// When the oldest record that is still there was appended.
    public var firstTime: Timestamp?
    /// When the newest record was appended.
    public var lastTime: Timestamp?
    /// The size of what is there.
    public var size: ByteCount

    public init(
        identity: String, first: LogPosition, last: LogPosition, firstTime: Timestamp?, lastTime: Timestamp?,
        size: ByteCount
    ) {
        self.identity = identity
        self.first = first
        self.last = last
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.size = size
    }

    /// How many records were appended after a position.
    public func count(after position: LogPosition) -> Int {
        Int(max(0, last.value - max(position.value, 0)))
    }
}

/// How much of a stream a broker keeps.
public struct Retention: Sendable, Hashable {
    public var age: Duration
    public var size: ByteCount
    /// At this size appending stops.
    public var limit: ByteCount

    public init(age: Duration, size: ByteCount, limit: ByteCount) {
        self.age = age
        self.size = size
        self.limit = limit
    }
}

/// Makes and inspects what a fleet needs of a broker. Each broker connector has one.
public protocol BrokerSetup: Sendable {
    /// What `apply` would do for these streams and subscriptions; empty if all is there.
    func plan(_ needs: BrokerNeeds) async throws -> [String]
    /// Does it, and returns what was done.
    func apply(_ needs: BrokerNeeds) async throws -> [String]
    /// Of the plan, what must be done before these streams can be carried: not what those who carry make by themselves.
    func obstacles(to needs: BrokerNeeds) async throws -> [String]
}

extension BrokerSetup {
    public func obstacles(to needs: BrokerNeeds) async throws -> [String] { try await plan(needs) }
}

/// What a fleet needs of its broker.
public struct BrokerNeeds: Sendable {
    public var streams: [StreamName]
    /// Who reads what.
    public var subscriptions: [(subscription: SubscriptionName, stream: StreamName)]

    public init(streams: [StreamName], subscriptions: [(subscription: SubscriptionName, stream: StreamName)]) {
        self.streams = streams
        self.subscriptions = subscriptions
    }
}
