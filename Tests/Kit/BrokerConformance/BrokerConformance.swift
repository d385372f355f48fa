public import Brokers
public import FleetCore
import TestKit

/// What every ``Broker`` must do, as checks that run on one implementation.
///
/// Each check needs a place of its own, in which there is nothing yet:
///
///     @Test(arguments: BrokerConformance.checks)
///     func conforms(check: BrokerConformance.Check) async throws {
///         let place = try TemporaryDirectory()
///         try await check.run(BrokerConformance(
///             create: { streams in try await SomeSetup(place.path).apply(BrokerNeeds(streams: streams, subscriptions: [])) },
///             open: { retention, clock in SomeBroker(place.path, retention: retention, clock: clock) }))
///     }
public struct BrokerConformance: Sendable {
    /// What brokers may differ in.
    public struct Features: Sendable {
        /// Whether retention follows the clock that the broker was given; otherwise its own.
        public var ageFollowsClock = true
        /// Whether the stated size is exactly the sum of the sizes of the events that are there.
        public var sizeIsExact = true
        /// Whether everything that retention allows is dropped when asked, to the record.
        public var trimsExactly = true
        /// Whether a batch that does not fit is not appended at all; otherwise its first events may be, and are not
        /// repeated when it is appended again.
        public var batchesAreAtomic = true

        public init() {}
    }

    /// One check, by name.
    public struct Check: Sendable, CustomStringConvertible {
        /// What must be.
        public let description: String
        private let body: @Sendable (BrokerConformance) async throws -> Void

        init(_ description: String, _ body: @escaping @Sendable (BrokerConformance) async throws -> Void) {
            self.description = description
            self.body = body
        }

        /// Runs it in an empty place.
        public func run(_ suite: BrokerConformance) async throws { try await body(suite) }
    }

    /// All of them.
    public static let checks = appendChecks + readChecks + cursorChecks + retentionChecks + lifetimeChecks

    let features: Features
    let create: @Sendable ([StreamName]) async throws -> Void
    let open: @Sendable (Retention, FleetClock) async throws -> any Broker

    /// - Parameters:
    ///   - create: makes empty streams, where they are not there yet.
    ///   - open: opens the broker; each time the same one.
    public init(
        features: Features = Features(), create: @escaping @Sendable ([StreamName]) async throws -> Void,
        open: @escaping @Sendable (Retention, FleetClock) async throws -> any Broker
    ) {
        self.features = features
        self.create = create
        self.open = open
    }

    /// Makes the streams of ``StreamName/orders`` and ``StreamName/stock``, and opens the broker for the length of `body`.
    func withBroker<Result>(
        _ retention: Retention = .ample, clock: FleetClock = .system, _ body: (any Broker) async throws -> Result
    ) async throws -> Result {
        try await create([.orders, .stock])
        let broker = try await open(retention, clock)
        do {
            let result = try await body(broker)
            await broker.close()
            return result
        } catch {
            await broker.close()
            throw error
        }
    }
}

extension Retention {
    /// More than any check fills.
    static let ample = Retention(age: .seconds(365 * 86_400), size: .gibibytes(1), limit: .gibibytes(2))
}

extension StreamName {
    static let orders = StreamName(fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "orders"))
    static let stock = StreamName(fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "stock"))
}

extension SubscriptionName {
    static func reader(_ view: String) -> SubscriptionName {
        SubscriptionName(service: ServiceName(unchecked: "reports"), view: ViewName(unchecked: view))
    }
}

extension Event {
    /// An event of a number, and of a payload of some bytes.
    static func numbered(_ number: Int, payload: Int = 8, source: String = "/northwind/orders") -> Event {
        Event(
            id: EventID(high: 0x0192_F3A4_5B6C_7000, low: 0x8000_0000_0000_0000 | UInt64(number)), source: source,
            type: "OrderPlaced", key: "order-\(number % 7)", aggregateType: "order",
            time: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number)),
            payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: payload))
    }
}

extension Broker {
    /// Every event after a position, and where it is.
    func all(_ stream: StreamName = .orders, after position: LogPosition = .start) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        while true {
            let batch = try await read(stream, after: records.last?.position ?? position, limit: .standard)
            if batch.isEmpty { return records }
            records += batch
        }
    }

    func append(numbers: some Sequence<Int>, payload: Int = 8) async throws -> LogPosition {
        try await append(numbers.map { Event.numbered($0, payload: payload) }, to: .orders)
    }
}

extension [LogRecord] {
    /// The numbers of events made by ``Event/numbered(_:payload:source:)``.
    var numbers: [Int] { map { Int($0.event.id.low & 0xFFFF_FFFF) } }
}
