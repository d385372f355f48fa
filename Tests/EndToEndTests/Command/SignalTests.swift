import Foundation
import GRDB
import Testing

/// How `flotilla run` begins and ends.
@Suite(.serialized, .lanes) struct SignalTests {
    private func applied() async throws -> FleetDirectory {
        let fleet = try FleetDirectory(ExitCodeTests.yaml)
        #expect(try await fleet.flotilla("apply").ended(0))
        return fleet
    }

    @Test(arguments: [SIGINT, SIGTERM]) func idleRunEndsSoon(_ signal: Int32) async throws {
        let fleet = try await applied()
        let run = try await fleet.startRun()
        run.send(signal)
        #expect(try await run.end() == .code(0))
        #expect(run.errors.contains("stopped"))
    }

    /// Until the program has come to listen, a signal ends it as it ends any; then it ends in order.
    @Test func runThatIsToldWhileItBeginsEndsInOrder() async throws {
        let fleet = try await applied()
        // Later and later, until it has come so far, however slow the machine is.
        var (isInOrder, delay) = (0, 0)
        while isInOrder < 4, delay < 10_000 {
            let run = try fleet.start("run")
            try await Task.sleep(for: .milliseconds(delay))
            run.send(SIGINT)
            let ending = try await run.end()
            #expect(ending == .code(0) || ending == .signal(SIGINT), "\(ending): \(run.errors)")
            if ending == .code(0) { isInOrder += 1 }
            delay += 4 + delay / 4
        }
        #expect(isInOrder == 4)
    }

    @Test(arguments: [SIGINT, SIGTERM]) func busyRunEndsSoonAndLosesNothing(_ signal: Int32) async throws {
        let fleet = try await applied()
        let shop = try fleet.store("shop.db")
        let run = try await fleet.startRun()
        for number in 1...200 {
            try await shop.publish(OutboxRow(key: "K\(number)", type: "Sold", payload: "{\"amount\": \(number)}"))
        }
        run.send(signal)
        #expect(try await run.end() == .code(0), "\(run.output)\(run.errors)")
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await shop.integer("SELECT count(*) * 100000 + sum(amount) FROM sales") == 200 * 100_000 + 20_100)
    }

    @Test func runThatWaitsForALockedStoreEndsSoon() async throws {
        let fleet = try await applied()
        let shop = try fleet.store("shop.db")
        try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"))
        let run = try await shop.writeWithoutTransaction { [fleet] database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            return try fleet.start("run")
        }
        try await eventually("the lock is told") { run.errors.contains("locked by another writer") }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await shop.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }

    @Test func secondRunNamesTheFirst() async throws {
        let fleet = try await applied()
        let first = try await fleet.startRun()
        let second = try await fleet.flotilla("run", "--until-idle")
        #expect(second.ended(1), "\(second.said)")
        #expect(second.errors.contains("process \(first.processID) "), "\(second.said)")
        first.kill()
        try await first.end()
        // What the first left behind is in nobody's way.
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
    }

    @Test func twoFilesThatShareAStateDirectoryShareItsLock() async throws {
        let fleet = try await applied()
        try fleet.write(ExitCodeTests.yaml, to: "copy.yaml")
        let first = try await fleet.startRun()
        let second = try await fleet.flotilla("run", "copy.yaml", "--until-idle")
        #expect(second.ended(1), "\(second.said)")
        first.kill()
        try await first.end()
    }
}
