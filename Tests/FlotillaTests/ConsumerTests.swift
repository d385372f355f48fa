import Brokers
import EmbeddedBroker
import FleetCore
import Flotilla
import Foundation
import Metrics
import TestKit
import Testing

#if NATS
    import NATSBroker
#endif

/// Consumers on the embedded broker, on every kind of store. The documentation's example is the first of them.
@Suite struct ConsumerTests {
    struct OrderPlaced: ConsumableEvent, Encodable {
        static let eventType = "OrderPlaced"
        var number: Int
    }

    struct BillWritten: PublishableEvent {
        static let eventType = "BillWritten"
        var number: Int
    }

    /// Where the streams are: every kind of broker that this build knows.
    enum BrokerKind: String, CaseIterable, Sendable {
        case embedded
        #if NATS
            case nats
        #endif
    }

    /// A fleet's stream of sales, and the store of a service that handles them.
    struct Fixture {
        let service: ServiceFixture
        let broker: any Broker
        let fleet: FleetBroker
        let directory: TemporaryDirectory
        /// A server that the broker needs.
        let server: (any Sendable)?

        static let sales = StreamName(
            fleet: FleetName(unchecked: "shop"), service: ServiceName(unchecked: "sales"))

        static func run(
            on kind: StoreKind, _ brokerKind: BrokerKind = .embedded,
            metrics: any MetricsFactory = MetricsSystem.factory, _ body: (Fixture) async throws -> Void
        ) async throws {
            let directory = try TemporaryDirectory()
            let retention = Retention(age: .seconds(3600), size: .mebibytes(64), limit: .mebibytes(64))
            let needs = BrokerNeeds(streams: [sales], subscriptions: [])
            let broker: any Broker
            let fleet: FleetBroker
            var held: (any Sendable)?
            switch brokerKind {
            case .embedded:
                let streams = directory.file("streams")
                _ = try await EmbeddedBrokerSetup(directory: streams, retention: retention).apply(needs)
                broker = EmbeddedBroker(directory: streams, retention: retention)
                fleet = try FleetBroker.embedded(fleet: "shop", state: directory.path)
            #if NATS
                case .nats:
                    let server = try await NATSServer()
                    held = server
                    let settings = NATSSettings(servers: [server.url], name: "test")
                    _ = try await NATSBrokerSetup(settings, mappings: [:], limit: retention.limit)
                        .apply(needs)
                    broker = NATSBroker(settings, retention: retention)
                    fleet = try FleetBroker.nats(fleet: "shop", servers: [server.url])
            #endif
            }
            let server = held
            try await ServiceFixture.run(on: kind, metrics: metrics) { service in
                try await service.store.transaction {
                    try $0.script(
                        "CREATE TABLE handled (place INTEGER NOT NULL, key TEXT NOT NULL, number INTEGER NOT NULL)")
                }
                try await body(
                    Fixture(service: service, broker: broker, fleet: fleet, directory: directory, server: server))
            }
            await broker.close()
        }

        /// Appends an event a number, of three keys.
        func sell(_ numbers: ClosedRange<Int>, type: String = "OrderPlaced", payload: String? = nil) async throws {
            let events = numbers.map { number in
                FleetCore.Event(
                    id: .make(), source: "/shop/sales", type: type, key: "K\(number % 3)", aggregateType: "order",
                    time: .now(), payload: Array((payload ?? "{\"number\": \(number)}").utf8))
            }
            _ = try await broker.append(events, to: Self.sales)
        }

        /// Notes what it handles, and has a word about it first.
        func consumer(
            _ object: @escaping @Sendable (OrderPlaced, Transaction) throws -> Void = { _, _ in }
        ) throws -> Consumer {
            try Consumer(
                "bills", of: service.store, in: fleet,
                [
                    .on(OrderPlaced.self, from: "sales") { order, event, transaction in
                        try object(order, transaction)
                        try transaction.execute(
                            "INSERT INTO handled (place, key, number) SELECT count(*), $1, $2 FROM handled", event.key,
                            order.number)
                    }
                ])
        }

        func handled() async throws -> [Int] {
            try await service.store.read { transaction in
                try transaction.rows("SELECT number FROM handled ORDER BY place").compactMap { $0[0].integer }.map(
                    Int.init)
            }
        }

        func running(_ consumers: Consumer..., while body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for consumer in consumers { group.addTask { try await consumer.run() } }
                try await body()
                group.cancelAll()
            }
        }

        func handles(_ numbers: [Int]) async throws {
            try await eventually("\(numbers.count) are handled") { try await handled().count >= numbers.count }
            try checkEqual(try await handled(), numbers)
        }
    }

    @Test(arguments: StoreKind.allCases, BrokerKind.allCases)
    func eachEventIsHandledOnceThoughTheProcessEnds(_ kind: StoreKind, _ broker: BrokerKind) async throws {
        try await Fixture.run(on: kind, broker) { setting in
            try await setting.sell(1...10)
            try await setting.sell(1...5, type: "SomethingElse")
            try await setting.running(try setting.consumer()) { try await setting.handles(Array(1...10)) }
            try await setting.sell(11...3000)
            // It ends in the middle, and begins anew.
            for part in 1...3 {
                try await setting.running(try setting.consumer()) {
                    try await eventually("some are handled") { try await setting.handled().count > part * 20 }
                }
            }
            let consumer = try setting.consumer()
            try await setting.running(consumer) {
                try await setting.handles(Array(1...3000))
                try await eventually("it is idle") { consumer.status.allSatisfy(\.isIdle) }
                #expect(consumer.status.map(\.service) == ["sales"] && consumer.status[0].problem == nil)
            }
        }
    }

    @Test(arguments: StoreKind.allCases) func twoProcessesHandleEachEventOnce(_ kind: StoreKind) async throws {
        try await Fixture.run(on: kind) { setting in
            try await setting.sell(1...2000)
            try await setting.running(try setting.consumer(), try setting.consumer()) {
                try await setting.sell(2001...4000)
                try await setting.handles(Array(1...4000))
            }
        }
    }

    @Test(arguments: StoreKind.allCases) func whatAHandlerRefusesIsParkedAndItsKeyWaits(_ kind: StoreKind) async throws
    {
        struct Refused: Error {}
        try await Fixture.run(on: kind) { setting in
            try await setting.sell(1...2)
            try await setting.sell(3...3, payload: "{\"numer\": 3}")
            try await setting.sell(4...9)
            let consumer = try setting.consumer { order, transaction in
                if order.number == 5 {
                    // What it wrote is undone.
                    try transaction.execute("INSERT INTO orders (id) VALUES ('never')")
                    throw Refused()
                }
            }
            try await setting.running(consumer) {
                try await setting.handles([1, 2, 4, 7])
                try await eventually("both are parked for good") {
                    try await setting.parked("reason IS NOT NULL AND next_attempt IS NULL") == 2
                }
                #expect(try await setting.parked("reason IS NULL") == 3)
                #expect(try await setting.parked("reason LIKE '%payload is no OrderPlaced%'") == 1)
                #expect(try await setting.parked("reason LIKE '%handler of OrderPlaced failed: Refused%'") == 1)
                #expect(try await setting.service.count("orders") == 0)
            }
            // Mended, and asked for again: the consumer notices by itself.
            try await setting.running(try setting.consumer()) {
                try await eventually("it is at work") { try await setting.handled().count == 4 }
                try await setting.service.store.transaction {
                    _ = try $0.execute(
                        "UPDATE flotilla_parked SET next_attempt = 1 WHERE event_key = 'K2' AND reason IS NOT NULL")
                }
                try await setting.handles([1, 2, 4, 7, 5, 8])
            }
            #expect(try await setting.parked("event_key = 'K0'") == 3)
        }
    }

    @Test(arguments: StoreKind.allCases) func whatAHandlerPublishesLeavesWithItsWrites(_ kind: StoreKind) async throws {
        try await Fixture.run(on: kind) { setting in
            try await setting.sell(1...3)
            let consumer = try setting.consumer { order, transaction in
                try transaction.publish(BillWritten(number: order.number), key: "B\(order.number)")
                if order.number == 2 { throw FleetError(.invalidInput, "no bill for this one") }
            }
            try await setting.running(consumer) {
                try await setting.handles([1, 3])
                try await eventually("it is parked") { try await setting.parked("true") == 1 }
            }
            #expect(try await setting.service.count("outbox") == 2)
        }
    }

    /// What `flotilla pause`, `resume` and `replay` do to the store, a consumer at work notices.
    @Test(arguments: StoreKind.allCases, BrokerKind.allCases)
    func anOperatorsWordInTheStoreIsHeard(_ kind: StoreKind, _ broker: BrokerKind) async throws {
        try await Fixture.run(on: kind, broker) { setting in
            func tell(_ sql: String) async throws {
                try await setting.service.store.transaction { _ = try $0.execute(sql) }
            }
            try await tell("INSERT INTO flotilla_paused (subscription) VALUES ('bills')")
            try await setting.sell(1...5)
            let consumer = try setting.consumer()
            try await setting.running(consumer) {
                try await eventually("it rests") { consumer.status[0].isPaused && consumer.status[0].isIdle }
                #expect(consumer.status[0].count == 0)
                try await tell("DELETE FROM flotilla_paused")
                try await setting.handles(Array(1...5))
                #expect(!consumer.status[0].isPaused)
                try await tell("INSERT INTO flotilla_paused (subscription) VALUES ('bills')")
                try await eventually("it rests") { consumer.status[0].isPaused && consumer.status[0].isIdle }
                try await setting.sell(6...9)
                try checkEqual(try await setting.handled(), Array(1...5))
                try await tell("DELETE FROM flotilla_paused")
                try await setting.handles(Array(1...9))
                try await eventually("it is idle") { consumer.status[0].isIdle }
                try await setting.service.store.transaction {
                    _ = try $0.execute("DELETE FROM flotilla_inbox WHERE position > 7")
                    _ = try $0.execute(
                        "UPDATE flotilla_subscriptions SET position = 7, last_event_id = NULL WHERE name = 'bills'")
                }
                try await setting.handles(Array(1...9) + [8, 9])
            }
        }
    }

    @Test func whatCannotBeAConsumerIsSaid() async throws {
        try await Fixture.run(on: .sqlite) { setting in
            let store = setting.service.store
            let reaction = EventReaction.on("A", from: "sales") { _, _ in }
            #expect(throws: FleetError.self) {
                _ = try Consumer("No Name", of: store, in: setting.fleet, [reaction])
            }
            #expect(throws: FleetError.self) { _ = try Consumer("bills", of: store, in: setting.fleet, []) }
            #expect(throws: FleetError.self) {
                _ = try Consumer("bills", of: store, in: setting.fleet, [reaction, reaction])
            }
            let lost = try Consumer(
                "bills", of: store, in: setting.fleet, [.on("A", from: "nobody") { _, _ in }])
            try await setting.running(lost) {
                try await eventually("it is said") {
                    lost.status[0].problem?.message.contains("shop-nobody is missing") == true
                }
            }
        }
    }

    #if NATS
        /// Who is told how many servers hold a stream believes no server that leads it alone.
        @Test func aServerThatLeadsAloneIsNotBelievedWhereThereAreToBeOthers() async throws {
            let cluster = try await NATSCluster()
            let servers = cluster.servers.map(\.url)
            let needs = BrokerNeeds(streams: [Fixture.sales], subscriptions: [])
            func apply(replicas: Int) async throws {
                let settings = NATSSettings(servers: servers, name: "test", replicas: replicas)
                try await eventually("the cluster takes it") {
                    do {
                        _ = try await NATSBrokerSetup(settings, mappings: [:], limit: .mebibytes(64)).apply(needs)
                        return true
                    } catch let error as FleetError where error.isRetriable {
                        return false
                    }
                }
            }
            try await apply(replicas: 1)
            try await ServiceFixture.run(on: .sqlite) { service in
                let consumer = try Consumer(
                    "bills", of: service.store,
                    in: try FleetBroker.nats(fleet: "shop", servers: servers, replicas: 3),
                    [.on("OrderPlaced", from: "sales") { _, _ in }])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await consumer.run() }
                    try await eventually("it is said") {
                        consumer.status[0].problem?.message.contains("without a majority of the 3 servers") == true
                    }
                    try await apply(replicas: 3)
                    try await eventually("it goes on") {
                        consumer.status[0].problem == nil && consumer.status[0].isIdle
                    }
                    group.cancelAll()
                }
            }
        }
    #endif
}

extension ConsumerTests.Fixture {
    func parked(_ condition: String) async throws -> Int {
        try await service.store.read { transaction in
            let row = try transaction.firstRow("SELECT count(*) FROM flotilla_parked WHERE \(condition)")
            return Int(row?[0].integer ?? 0)
        }
    }
}
