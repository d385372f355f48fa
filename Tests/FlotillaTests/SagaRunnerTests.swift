import FleetCore
import Flotilla
import Foundation
import Synchronization
import TestKit
import Testing

/// Sagas in code, as the documentation has them, on every kind of store.
@Suite struct SagaRunnerTests {
    struct Order: Codable, Sendable {
        var id: String
        var total: Int
    }

    /// Somebody who is asked over a network: he remembers keys, and refuses what is too much.
    final class Bank: Sendable {
        private let charges = Mutex<[String: Int]>([:])
        private let calls = Mutex<[String]>([])

        func charge(_ order: String, _ amount: Int, key: String) throws -> Int {
            calls.withLock { $0.append("charge \(order)") }
            guard amount <= 100 else { throw SagaRefusal("\(amount) is too much") }
            return charges.withLock { charges in
                charges[order] = amount
                return amount
            }
        }

        func refund(_ order: String) {
            calls.withLock { $0.append("refund \(order)") }
            charges.withLock { $0[order] = nil }
        }

        var sum: Int { charges.withLock { $0.values.reduce(0, +) } }
        func said(of order: String) -> [String] { calls.withLock { $0.filter { $0.hasSuffix(" \(order)") } } }
    }

    static func placeOrder(_ bank: Bank) throws -> Saga<Order> {
        try Saga("place_order", deadline: .seconds(3600), lock: "order:{data.id}") {
            Step(
                "reserve",
                inTransaction: { (order: Order, transaction: Transaction, _: SagaAttempt) in
                    try transaction.execute("INSERT INTO orders (id, customer) VALUES ($1, $2)", order.id, "reserved")
                    return order.total
                },
                undo: { order, _, transaction, _ in
                    try transaction.execute("DELETE FROM orders WHERE id = $1", order.id)
                })
            Step("charge") { (order: Order, step: SagaAttempt) in
                try bank.charge(order.id, order.total, key: step.idempotencyKey)
            } undo: { order, _, _ in
                bank.refund(order.id)
            }
            Pivot(
                "confirm",
                inTransaction: { (order: Order, transaction: Transaction, step: SagaAttempt) in
                    let charged: Int = try step.reply(of: "charge")
                    guard charged != 13 else { throw SagaRefusal("13 is no good") }
                    try transaction.execute(
                        "UPDATE orders SET customer = $1 WHERE id = $2", "confirmed \(charged)", order.id)
                    return Done()
                })
        }
    }

    private func carrying(
        _ runner: SagaRunner, _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runner.run() }
            try await body()
            group.cancelAll()
        }
        await runner.close()
    }

    @Test(arguments: StoreKind.allCases)
    func anOrderIsPlacedOrUndone(on kind: StoreKind) async throws {
        try await ServiceFixture.run(on: kind) { service in
            let bank = Bank()
            let saga = try Self.placeOrder(bank)
            let runner = try SagaRunner(saga, of: service.store)
            try await runner.setUp()
            try await carrying(runner) {
                let good = try await runner.start(saga, Order(id: "O1", total: 50), id: "O1")
                #expect(good == "place_order/O1")
                #expect(try await runner.outcome(of: good, within: .seconds(180)) == .completed)
                // A repeated start does nothing.
                try await runner.start(saga, Order(id: "O1", total: 50), id: "O1")
                let refused = try await runner.start(saga, Order(id: "O2", total: 500), id: "O2")
                let late = try await runner.start(saga, Order(id: "O3", total: 13), id: "O3")
                for id in [refused, late] {
                    guard case .compensated = try await runner.outcome(of: id, within: .seconds(180)) else {
                        Issue.record("\(id) was not undone")
                        continue
                    }
                }
            }
            #expect(bank.said(of: "O1") == ["charge O1"])
            #expect(bank.said(of: "O2") == ["charge O2"])
            #expect(bank.said(of: "O3") == ["charge O3", "refund O3"])
            #expect(bank.sum == 50)
            #expect(try await service.count("orders") == 1)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aSagaStartsExactlyIfItsTransactionCommits(on kind: StoreKind) async throws {
        struct Undone: Error {}
        try await ServiceFixture.run(on: kind) { service in
            let saga = try Self.placeOrder(Bank())
            let runner = try SagaRunner(saga, of: service.store)
            try await runner.setUp()
            try await service.store.transaction { transaction in
                _ = try runner.start(saga, Order(id: "O1", total: 5), id: "O1", in: transaction)
            }
            await #expect(throws: Undone.self) {
                try await service.store.transaction { transaction in
                    _ = try runner.start(saga, Order(id: "O2", total: 5), id: "O2", in: transaction)
                    throw Undone()
                }
            }
            try await carrying(runner) {
                let outcome = try await runner.outcome(of: "place_order/O1", within: .seconds(180))
                #expect(outcome == .completed)
            }
            #expect(try await service.count("orders") == 1)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anotherTakesOverAndTheFirstIsRefused(on kind: StoreKind) async throws {
        try await ServiceFixture.run(on: kind) { service in
            let saga = try Self.placeOrder(Bank())
            let first = try SagaRunner(saga, of: service.store, lease: .seconds(1))
            let second = try SagaRunner(saga, of: service.store, lease: .seconds(1))
            try await first.setUp()
            try await carrying(second) {
                try await carrying(first) {
                    let id = try await first.start(saga, Order(id: "O1", total: 5), id: "O1")
                    #expect(try await second.outcome(of: id, within: .seconds(180)) == .completed)
                    // One of them carries, and the other says who.
                    try await eventually("one of them waits") {
                        first.problem?.code == .busy || second.problem?.code == .busy
                    }
                }
                let id = try await second.start(saga, Order(id: "O2", total: 5), id: "O2")
                #expect(try await second.outcome(of: id, within: .seconds(180)) == .completed)
            }
            #expect(try await service.count("orders") == 2)
        }
    }

    /// What was started by an older program, and is nothing that this one can read.
    @Test(arguments: StoreKind.allCases) func stateThatDoesNotDecodeIsParkedAtOnce(on kind: StoreKind) async throws {
        struct Reservation: Codable, Sendable { var number: Int }
        try await ServiceFixture.run(on: kind) { service in
            let older = try Saga<Order>("typed", deadline: .seconds(60)) {
                Retriable("a") { (_: Order, _: SagaAttempt) in Done() }
            }
            let newer = try Saga<Reservation>("typed", deadline: .seconds(60)) {
                Retriable("a") { (_: Reservation, _: SagaAttempt) in Done() }
            }
            let first = try SagaRunner(older, of: service.store)
            let second = try SagaRunner(newer, of: service.store)
            try await first.setUp()
            let id = try await first.start(older, Order(id: "O1", total: 5), id: "O1")
            try await carrying(second) {
                try await eventually("it is parked") { try await second.status(id) == .parked }
            }
            let attempts = try #require(try await second.state(id)?.parked.first?.forward)
            #expect(attempts.attempt == 1 && attempts.failure?.code == "bad-data", "\(attempts)")
            #expect(attempts.failure?.message.contains("the input of typed/O1") == true, "\(attempts)")
        }
    }

    @Test func aSagaThatIsWrongIsRefused() throws {
        #expect(throws: FleetError.self) {
            try Saga<Order>("twice", deadline: .seconds(60)) {
                Retriable("a") { (_: Order, _: SagaAttempt) in Done() }
                Retriable("a") { (_: Order, _: SagaAttempt) in Done() }
            }
        }
        #expect(throws: FleetError.self) {
            try Saga<Order>("pivots", deadline: .seconds(60)) {
                Pivot("a") { (_: Order, _: SagaAttempt) in Done() }
                Pivot("b") { (_: Order, _: SagaAttempt) in Done() }
            }
        }
        #expect(throws: FleetError.self) {
            try Saga<Order>("lock", deadline: .seconds(60), lock: "order:{nothing}") {
                Retriable("a") { (_: Order, _: SagaAttempt) in Done() }
            }
        }
    }
}
