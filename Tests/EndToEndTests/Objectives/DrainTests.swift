import Foundation
import GRDB
import TestKit
import Testing

/// SIGTERM ends what is under way, and leaves nothing half done.
@Suite(.lanes) struct DrainTests {
    @Test func whatIsUnderWayIsEndedAndNothingIsAppendedTwice() async throws {
        let fleet = try FleetDirectory(ServingTests.yaml())
        #expect(try await fleet.flotilla("apply").ended(0))
        let shop = try fleet.store("shop.db")
        let count = 20_000
        try await shop.write { database in
            for number in 0..<count {
                try OutboxRow(key: "K\(number % 100)", type: "Sold", payload: "{\"amount\": 1}").insert(database)
            }
        }
        let run = try await fleet.startRun()
        try await eventually("it is in the middle of it", every: .milliseconds(1)) {
            try await shop.integer("SELECT count(*) FROM sales") > 0
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let left = try await shop.integer("SELECT count(*) FROM outbox")
        // What has left the outbox is in the stream, and what is in the stream has left the outbox.
        let listed = try await fleet.flotilla("events", "shop")
        let records = listed.output.split(separator: "\n").count
        #expect(listed.ended(0) && records == count - left, "\(records) records, \(left) rows left of \(count)")
        #expect(records > 0 && left > 0, "\(records) records, \(left) rows left: nothing was under way")
        let rest = try await fleet.flotilla("run", "--until-idle")
        #expect(rest.ended(0), "\(rest.said)")
        #expect(try await shop.integer("SELECT count(*) FROM sales") == count)
        let all = try await fleet.flotilla("events", "shop")
        #expect(all.output.split(separator: "\n").count == count)
    }
}
