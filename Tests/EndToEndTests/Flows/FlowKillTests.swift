import FleetCore
import Foundation
import GRDB
import TestKit
import Testing

/// Flows whose watcher is killed: nothing is lost, and each compensating event is written once.
@Suite(.serialized, .lanes) struct FlowKillTests {
    /// What becomes of an order: some end well, some wait for what never comes.
    private static func isShipped(_ order: Int) -> Bool { !order.isMultiple(of: 3) }

    @Test func killedBetweenOutboxAndJournalItWritesOnce() async throws {
        let shop = try await OrderFleet()
        try await shop.place(1)
        try await shop.fleet.crash(at: .flowTimeoutWritten, pass: 1, ["run"])
        #expect(try await shop.cancellations().count == 1)
        #expect(try await shop.account(1)?.timeout?.stage == "due")
        // As where the row was carried and removed before the journal knew.
        try await shop.fleet.store("orders.db").write {
            try $0.execute(sql: "DELETE FROM outbox WHERE type = 'CancelOrder'")
        }
        try await shop.drain()
        #expect(try await shop.account(1)?.timeout?.stage == "written")
        #expect(try await shop.cancellations() == [])
    }

    /// Before the commit of a run with its cursor, and after it.
    @Test(arguments: [CrashPoint.applied, .delivered], [1, 3])
    func killedWhileItTakesAnEvent(at point: CrashPoint, pass: Int) async throws {
        let shop = try await OrderFleet(flows: OrderFleet.slowFlow)
        for order in 1...3 { try await shop.place(order) }
        for order in 1...3 { try await shop.charge(order) }
        for order in 1...3 { try await shop.ship(order) }
        try await shop.fleet.crash(at: point, pass: pass, ["run"])
        try await shop.drain()
        let accounts = try await shop.accounts()
        #expect(accounts.values.map(\.status) == ["ended", "ended", "ended"])
        #expect(accounts.values.allSatisfy { $0.findings.isEmpty && $0.steps.allSatisfy { $0.repetitionCount == 0 } })
    }

    @Test func killedAtRandomOnSQLite() async throws {
        try await survive(try await OrderFleet(), rounds: 25)
    }

    #if Postgres
        @Test func killedAtRandomOnPostgreSQL() async throws {
            try await survive(try await OrderFleet(on: try await PrivatePostgres.shared()), rounds: 12)
        }
    #endif

    private func survive(_ shop: OrderFleet, rounds: Int) async throws {
        var random = RandomSource(for: "flows and kills")
        var orders = 0
        for _ in 0..<rounds {
            let run = try await shop.fleet.startRun()
            for _ in 0..<2 {
                orders += 1
                try await shop.place(orders)
                if Self.isShipped(orders) {
                    try await shop.charge(orders)
                    try await shop.ship(orders)
                }
            }
            try await during(.milliseconds(Int64.random(in: 1...500, using: &random))) {}
            run.kill()
            #expect(try await run.end() == .signal(9))
        }
        let run = try await shop.fleet.startRun()
        let last = orders
        try await eventually("all are judged") {
            let accounts = try await shop.accounts()
            return (1...last).allSatisfy { order in
                let account = accounts["\(order)"]
                return Self.isShipped(order)
                    ? account?.status == "ended" : account?.timeout?.stage == "written"
            }
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let accounts = try await shop.accounts()
        #expect(accounts.count == orders)
        for order in 1...orders {
            let account = try #require(accounts["\(order)"])
            let kinds = Set(account.findings.map(\.kind))
            #expect(!account.outOfOrder && kinds.isSubset(of: ["overdue"]), "\(account)")
            let expected = Self.isShipped(order) ? 0 : 1
            #expect(try await shop.cancellations(of: order).count == expected, "order \(order)")
        }
    }
}
