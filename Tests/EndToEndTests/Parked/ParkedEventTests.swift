import Foundation
import GRDB
import Testing

/// Each kind of event that cannot take effect is parked with its reason; its key waits, and all others go on.
@Suite(.serialized, .lanes) struct ParkedEventTests {
    /// What is wrong with an event, and what its reason says.
    struct Poison: Sendable, CustomTestStringConvertible {
        var name: String
        var row: OutboxRow
        var place: String
        var reason: String
        var testDescription: String { name }
    }

    static let poisons: [Poison] = [
        Poison(
            name: "constraint", row: ParkedFleet.sold("K", 101), place: "billing.bills",
            reason: "amount above the limit"),
        Poison(
            name: "not null", row: OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": null}"),
            place: "billing.bills",
            reason: "NOT NULL"),
        Poison(
            name: "not JSON", row: OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 7"), place: "billing.bills",
            reason: "not JSON"),
        Poison(
            name: "empty", row: OutboxRow(key: "K", type: "Sold", payload: ""), place: "billing.bills",
            reason: "not JSON"),
        Poison(
            name: "missing field", row: OutboxRow(key: "K", type: "Sold", payload: "{\"amounts\": 7}"),
            place: "billing.bills", reason: "no field amount"),
        Poison(
            name: "not published", row: OutboxRow(key: "K", type: "Stolen", payload: "{}"), place: "sales outbox",
            reason: "does not publish Stolen"),
        Poison(
            name: "no UUID", row: OutboxRow(id: "4711", key: "K", type: "Sold", payload: "{\"amount\": 7}"),
            place: "sales outbox", reason: "\"4711\" is not a UUID"),
        Poison(
            name: "too large",
            row: OutboxRow(
                key: "K", type: "Sold", payload: "{\"amount\": 7, \"x\": \"\(String(repeating: "x", count: 2048))\"}"),
            place: "sales outbox", reason: "limit is 2 KiB"),
        Poison(
            name: "headers of other than strings",
            row: OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 7}", headers: "{\"retry\": 3}"),
            place: "sales outbox", reason: "headers are not a JSON object of strings"),
    ]

    @Test(arguments: poisons) func holdsItsOwnKeyOnly(_ poison: Poison) async throws {
        let setting = try await ParkedFleet()
        try await setting.sales.publish(
            ParkedFleet.sold("K", 1), ParkedFleet.sold("L", 2), poison.row, ParkedFleet.sold("K", 3),
            ParkedFleet.sold("L", 4), ParkedFleet.sold("K", 5), ParkedFleet.sold("M", 6))
        try await setting.expectParked()
        #expect(try await setting.bills() == ["K=1", "L=2", "L=4", "M=6"])

        let parked = try await setting.parked()
        #expect(parked.map(\.state) == ["parked", "waiting", "waiting"])
        let head = try #require(parked.first)
        #expect(head.id == poison.row.id)
        #expect(head.place == poison.place)
        #expect(head.key == "K")
        #expect(head.type == poison.row.type)
        #expect(head.reason?.contains(poison.reason) == true, "\(head.reason ?? "no reason")")
        let list = try await setting.fleet.flotilla("parked", "list")
        #expect(list.output.contains(poison.row.id))
        #expect(list.output.contains(poison.reason))

        // It fails again, and stays, however often.
        for _ in 1...2 {
            let retry = try await setting.fleet.flotilla("parked", "retry", poison.row.id)
            #expect(retry.ended(1), "\(retry.said)")
            #expect(retry.errors.contains(poison.reason), "\(retry.said)")
            #expect(try await setting.parked().map(\.id) == parked.map(\.id))
        }
        #expect(try await setting.parked().first?.attempts == head.attempts + 2)
        #expect(try await setting.bills() == ["K=1", "L=2", "L=4", "M=6"])

        // New events of the key wait as well, those of others do not.
        try await setting.sales.publish(ParkedFleet.sold("K", 7), ParkedFleet.sold("L", 8))
        try await setting.expectParked()
        #expect(try await setting.bills(of: "K") == ["K=1"])
        #expect(try await setting.bills(of: "L") == ["L=2", "L=4", "L=8"])

        // Without it the others go on, in order, once.
        for round in 1...2 {
            let discard = try await setting.fleet.flotilla("parked", "discard", poison.row.id)
            #expect(discard.ended(0), "\(discard.said)")
            if round == 2 { #expect(discard.output.contains("not parked"), "\(discard.said)") }
            try await setting.expectParked(0)
            #expect(try await setting.bills(of: "K") == ["K=1", "K=3", "K=5", "K=7"])
        }
        #expect(try await setting.parked().isEmpty)
    }

    @Test func retryAppliesItAndThoseThatWaitOnceTheCauseIsMended() async throws {
        let setting = try await ParkedFleet()
        let poison = ParkedFleet.sold("K", 500)
        try await setting.sales.publish(
            poison, ParkedFleet.sold("K", 1), ParkedFleet.sold("K", 600), ParkedFleet.sold("K", 2))
        try await setting.expectParked()
        #expect(try await setting.bills().isEmpty)
        try await setting.raiseLimit()
        for round in 1...2 {
            let retry = try await setting.fleet.flotilla("parked", "retry", poison.id)
            #expect(retry.ended(0), "\(retry.said)")
            #expect(retry.output.contains(round == 1 ? "3 that waited behind it" : "not parked"), "\(retry.said)")
            #expect(try await setting.bills() == ["K=500", "K=1", "K=600", "K=2"])
        }
        let all = try await setting.fleet.flotilla("parked", "retry")
        #expect(all.ended(0))
        #expect(all.output.contains("nothing is parked"))
        try await setting.expectParked(0)
        #expect(try await setting.bills().count == 4)
    }

    @Test func retryStopsAtTheNextThatFails() async throws {
        let setting = try await ParkedFleet()
        let (first, second) = (ParkedFleet.sold("K", 500), ParkedFleet.sold("K", 2000))
        try await setting.sales.publish(first, ParkedFleet.sold("K", 1), second, ParkedFleet.sold("K", 2))
        try await setting.expectParked()
        try await setting.billing.write { try $0.execute(sql: "UPDATE limits SET most = 1000") }
        let retry = try await setting.fleet.flotilla("parked", "retry", first.id)
        #expect(retry.ended(1), "\(retry.said)")
        #expect(try await setting.bills() == ["K=500", "K=1"])
        let parked = try await setting.parked()
        #expect(parked.map(\.id).first == second.id)
        #expect(parked.map(\.state) == ["parked", "waiting"])
        let discard = try await setting.fleet.flotilla("parked", "discard", second.id)
        #expect(discard.ended(0), "\(discard.said)")
        #expect(discard.output.contains(": discarded; 1 that waited behind it was applied"), "\(discard.said)")
        #expect(try await setting.bills() == ["K=500", "K=1", "K=2"])
    }

    @Test func typeThatIsPublishedAfterAllLeavesItsOutbox() async throws {
        let setting = try await ParkedFleet()
        let stolen = OutboxRow(key: "K", type: "Stolen", payload: "{}")
        try await setting.sales.publish(stolen, ParkedFleet.sold("K", 1), ParkedFleet.sold("K", 2))
        try await setting.expectParked()
        try setting.publishStolen()
        for _ in 1...2 {
            let retry = try await setting.fleet.flotilla("parked", "retry", stolen.id)
            #expect(retry.ended(0), "\(retry.said)")
        }
        try await setting.expectParked(0)
        #expect(try await setting.bills() == ["K=1", "K=2"])
    }

    /// More than one batch, of many keys and of one.
    @Test func manyThatMayLeaveAfterAllLeaveInTheirOrder() async throws {
        let setting = try await ParkedFleet()
        try await setting.parkMany()
        try setting.publishStolen()
        let retry = try await setting.fleet.flotilla("parked", "retry")
        #expect(retry.ended(0), "\(retry.said.suffix(1000))")
        try await setting.expectManyBills()
    }

    @Test func manyThatAreDiscardedLetThoseBehindThemGo() async throws {
        let setting = try await ParkedFleet()
        try await setting.parkMany()
        let discard = try await setting.fleet.flotilla("parked", "discard", "--all")
        #expect(discard.ended(0), "\(discard.said.suffix(1000))")
        try await setting.expectManyBills()
    }

    @Test func causeThatPassesByItselfNeedsNobody() async throws {
        let setting = try await ParkedFleet()
        let run = try await setting.fleet.startRun()
        try await setting.sales.publish(ParkedFleet.sold("K", 500), ParkedFleet.sold("K", 1))
        try await eventually("it is tried again") { try await setting.parked().first?.state == "retrying" }
        try await setting.raiseLimit()
        try await eventually("both take effect") { try await setting.bills() == ["K=500", "K=1"] }
        #expect(try await setting.parked().isEmpty)
        run.kill()
        try await run.end()
    }

    @Test func discardOfAllNeedsToBeSaid() async throws {
        let setting = try await ParkedFleet()
        try await setting.sales.publish(
            ParkedFleet.sold("K", 500), ParkedFleet.sold("L", 600), ParkedFleet.sold("L", 1))
        try await setting.expectParked()
        let unsaid = try await setting.fleet.flotilla("parked", "discard")
        #expect(unsaid.ended(1))
        #expect(unsaid.errors.contains("--all"))
        #expect(try await setting.parked().count == 3)
        for _ in 1...2 {
            #expect(try await setting.fleet.flotilla("parked", "discard", "--all").ended(0))
            #expect(try await setting.bills() == ["L=1"])
        }
        try await setting.expectParked(0)
    }
}
