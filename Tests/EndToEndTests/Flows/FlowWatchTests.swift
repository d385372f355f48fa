import Foundation
import TestKit
import Testing

/// Flows that are declared in the file, watched by the real program.
@Suite(.serialized, .lanes) struct FlowWatchTests {
    @Test func aFlowIsFollowedFromItsStartToItsEnd() async throws {
        let shop = try await OrderFleet(flows: OrderFleet.slowFlow)
        try await shop.place(1)
        try await shop.drain()
        let begun = try #require(try await shop.account(1))
        #expect(begun.status == "running" && begun.current == [])
        try await shop.charge(1)
        try await shop.ship(1)
        try await shop.drain()
        let ended = try #require(try await shop.account(1))
        #expect(ended.status == "ended" && !ended.outOfOrder && !ended.late)
        #expect(
            ended.steps.filter { $0.time != nil }.map(\.event) == [
                "orders.OrderPlaced", "payments.CardCharged", "shipping.Shipped",
            ])
        let shown = try await shop.fleet.flotilla("flows", "show", "order", "1")
        #expect(shown.ended(0) && shown.output.contains("payments.CardCharged"), "\(shown.said)")
        let text = try await shop.fleet.flotilla("status")
        #expect(text.ended(0) && text.output.contains("flows.~order"), "\(text.said)")
        #expect(try await shop.cancellations() == [])
    }

    @Test func whatIsNotEndedInTimeIsStuckAndCancelledOnce() async throws {
        let shop = try await OrderFleet()
        let run = try await shop.fleet.startRun()
        try await shop.place(7)
        try await eventually("the flow is stuck, and its event written") {
            try await shop.account(7)?.timeout?.stage == "written"
        }
        let stuck = try #require(try await shop.account(7))
        #expect(stuck.status == "stuck" && stuck.late && !stuck.outOfOrder && stuck.current == ["overdue"])
        let written = try await shop.cancellations()
        #expect(written == [#"{"order_id": 7, "total": 12.50, "reason": "flow order timed out"}"#])
        // The service takes it back, too late.
        try await shop.publish("Cancelled", from: "orders", order: 7)
        try await eventually("the flow ends") { try await shop.account(7)?.status == "ended" }
        #expect(try await shop.account(7)?.late == true)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(try await shop.cancellations().count == 1)
    }

    @Test func whatComesInAnotherOrderIsFound() async throws {
        let shop = try await OrderFleet(flows: OrderFleet.slowFlow)
        try await shop.publish("CardCharged", from: "payments", order: 3, ago: .milliseconds(500))
        try await shop.place(3)
        try await shop.ship(3)
        // Shipped without being charged.
        try await shop.place(4)
        try await shop.ship(4)
        // Charged twice, and nothing wrong but that.
        try await shop.place(5)
        try await shop.charge(5)
        try await shop.charge(5)
        try await shop.ship(5)
        // Never placed.
        try await shop.charge(6)
        let run = try await shop.fleet.startRun()
        try await eventually("all is found") {
            let found = try await shop.accounts("--state", "out-of-order")
            return found.count == 4 && found["4"]?.current == ["early"] && found["6"]?.current == ["early"]
        }
        let accounts = try await shop.accounts()
        #expect(accounts["3"]?.findings.map(\.other) == ["orders.OrderPlaced"])
        #expect(accounts["4"]?.findings.map(\.other) == ["payments.CardCharged"])
        #expect(accounts["5"]?.current == ["repeated"])
        #expect(accounts["6"]?.status == "unstarted")
        let status = try await shop.fleet.flotilla("status", "--json")
        #expect(status.output.contains("\"out_of_order\" : 4"), "\(status.said)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    @Test func anOutboxThatRestsHasNothingCountAsMissing() async throws {
        let shop = try await OrderFleet()
        #expect(try await shop.fleet.flotilla("pause", "shipping").ended(0))
        let run = try await shop.fleet.startRun()
        try await shop.place(1)
        try await shop.charge(1)
        try await shop.ship(1)
        try await during(.seconds(4), every: .milliseconds(200)) {
            let account = try await shop.account(1)
            #expect(account?.status != "stuck")
        }
        #expect(try await shop.cancellations() == [])
        #expect(try await shop.fleet.flotilla("resume", "shipping").ended(0))
        try await eventually("the flow ends in time") { try await shop.account(1)?.status == "ended" }
        #expect(try await shop.account(1)?.late == false)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    @Test func anEventWithoutItsKeyIsParked() async throws {
        let shop = try await OrderFleet()
        try await shop.fleet.store("orders.db").publish(OutboxRow(key: "k", type: "OrderPlaced", payload: "{}"))
        let drained = try await shop.fleet.flotilla("run", "--until-idle")
        #expect(drained.ended(3), "\(drained.said)")
        let parked = try await shop.fleet.flotilla("parked", "list")
        #expect(parked.output.contains("flows.~order") && parked.output.contains("order_id"), "\(parked.said)")
        #expect(try await shop.fleet.flotilla("parked", "discard", "--all").ended(0))
        try await shop.drain()
    }

    @Test func wrongNamesAreToldWithTheNearest() async throws {
        let shop = try await OrderFleet()
        try await shop.place(4711)
        try await shop.drain()
        for (arguments, part) in [
            (["flows", "show", "order", "4712"], "did you mean 4711?"),
            (["flows", "show", "ordr", "4711"], "did you mean order?"),
            (["flows", "list", "--state", "stuk"], "did you mean stuck?"),
            (["flows", "lst"], "none of list, show, forget"),
            (["pause", "flows.~ordr"], "did you mean flows.~order?"),
        ] {
            let program = try shop.fleet.start(arguments)
            let ending = try await program.end()
            #expect(ending != .code(0) && program.errors.contains(part), "\(arguments): \(program.errors)")
        }
        #expect(try await shop.fleet.flotilla("flows", "forget", "order", "4711").ended(0))
        #expect(try await shop.accounts().isEmpty)
    }

    @Test func applyMakesWhatFlowsNeedAndForgetsThemWithTheirDeclaration() async throws {
        let shop = try await OrderFleet()
        let plan = try await shop.fleet.flotilla("plan")
        #expect(plan.ended(0), "\(plan.said)")
        try await shop.place(1)
        try await shop.drain()
        // Another limit counts for runs that are under way, too.
        try shop.fleet.write(OrderFleet.yaml(flows: OrderFleet.slowFlow) { "sqlite:\($0).db" })
        #expect(try await shop.fleet.flotilla("run", "--until-idle").said.contains("flotilla apply"))
        let changed = try await shop.fleet.flotilla("apply")
        #expect(changed.ended(0) && changed.said.contains("as it is declared now"), "\(changed.said)")
        let run = try await shop.fleet.startRun()
        try await eventually("it is judged anew") { try await shop.account(1)?.status == "running" }
        try await during(.seconds(3), every: .milliseconds(200)) {
            let account = try await shop.account(1)
            #expect(account?.status == "running")
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try shop.fleet.write(OrderFleet.yaml(flows: "") { "sqlite:\($0).db" })
        let removed = try await shop.fleet.flotilla("apply")
        #expect(removed.ended(0) && removed.said.contains("forget flow order"), "\(removed.said)")
        #expect(removed.said.contains("unsubscribe flows.~order"), "\(removed.said)")
        try await shop.drain()
    }
}
