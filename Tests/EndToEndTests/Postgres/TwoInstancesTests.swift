#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// Two `flotilla run` on one fleet, whose state is in PostgreSQL: one carries, and the other takes over.
    @Suite(.lanes) struct TwoInstancesTests {
        /// Starts one that carries and one that waits.
        private func pair(on fleet: CountingFleet) async throws -> (holder: Program, standby: Program) {
            let holder = try await fleet.fleet.startRun()
            let standby = try fleet.fleet.start("run")
            try await eventually("the second waits") { standby.errors.contains("waiting for fleet") }
            #expect(standby.errors.contains("process \(holder.processID) on "), "\(standby.errors)")
            return (holder, standby)
        }

        private func carries(_ program: Program) async throws {
            try await eventually("the second takes over") { program.errors.contains("carrying fleet") }
        }

        private enum Fate { case isRefused, isKilled }

        /// What became of one that was paused, and goes on: it is killed where it held the write lock of a stream's file.
        private func notices(_ holder: Program, or standby: Program) async throws -> Fate {
            try await eventually("the first notices, or was killed") {
                holder.errors.contains("no longer carrying fleet") || holder.ended != nil
            }
            guard let end = holder.ended else { return .isRefused }
            #expect(end == .signal(9), "\(holder.errors)")
            #expect(standby.errors.contains("is stopped while it writes"), "\(standby.errors)")
            return .isKilled
        }

        @Test(arguments: CountingFleet.Capture.allCases) func workMovesWhenTheHolderIsKilled(
            _ capture: CountingFleet.Capture
        ) async throws {
            let fleet = try await CountingFleet(capture, sharedState: true)
            var (holder, standby) = try await pair(on: fleet)
            var numbers = 0
            for _ in 0..<3 {
                for _ in 0..<5 {
                    try fleet.count(numbers + 1...numbers + 20)
                    numbers += 20
                }
                holder.kill()
                let killed = ContinuousClock.now
                try fleet.count(numbers + 1...numbers + 20)
                numbers += 20
                try await carries(standby)
                try await fleet.expectAll(numbers)
                print("\(capture.rawValue): the work moved within \(ContinuousClock.now - killed)")
                (holder, standby) = (standby, try fleet.fleet.start("run"))
                try await eventually("another waits") { standby.errors.contains("waiting for fleet") }
            }
        }

        @Test(arguments: CountingFleet.Capture.allCases) func aHolderThatWasPausedHarmsNothing(
            _ capture: CountingFleet.Capture
        ) async throws {
            let fleet = try await CountingFleet(capture, sharedState: true)
            var (holder, standby) = try await pair(on: fleet)
            var numbers = 0
            func write(_ times: Int) throws {
                for _ in 0..<times {
                    try fleet.count(numbers + 1...numbers + 50)
                    numbers += 50
                }
            }
            for _ in 0..<2 {
                try write(4)
                holder.send(SIGSTOP)
                try write(2)
                try await carries(standby)
                try await fleet.expectAll(numbers)
                holder.send(SIGCONT)
                try write(4)
                if try await notices(holder, or: standby) == .isKilled {
                    holder = try fleet.fleet.start("run")
                    try await eventually("another waits") { holder.errors.contains("waiting for fleet") }
                }
                try write(2)
                try await fleet.expectAll(numbers)
                // It waits for its turn again, which comes.
                standby.kill()
                let known = holder.errors.components(separatedBy: "carrying fleet \(fleet.name): ").count
                try await eventually("the first carries again") {
                    holder.errors.components(separatedBy: "carrying fleet \(fleet.name): ").count > known
                }
                try write(2)
                try await fleet.expectAll(numbers)
                standby = try fleet.fleet.start("run")
                try await eventually("another waits") { standby.errors.contains("waiting for fleet") }
            }
        }

        /// Its session stands within a pipeline, which no time-out of the server's ends. (Where nothing of that had left the
        /// process, it holds nothing.)
        @Test func aHolderThatIsPausedWithinATransactionHoldsNobodyUp() async throws {
            let fleet = try await CountingFleet(.message, sharedState: true, server: PrivatePostgres())
            let holder = try await fleet.fleet.startRun(environment: ["FLOTILLA_CRASH_AT": "view-applied:2:stop"])
            let standby = try fleet.fleet.start("run")
            try await eventually("the second waits") { standby.errors.contains("waiting for fleet") }
            var numbers = 0
            try await eventually("the first stops where it is to") {
                if holder.isStopped { return true }
                try fleet.count(numbers + 1...numbers + 20)
                numbers += 20
                return false
            }
            try await carries(standby)
            try await fleet.expectAll(numbers)
            holder.send(SIGCONT)
            _ = try await notices(holder, or: standby)
            try fleet.count(numbers + 1...numbers + 20)
            try await fleet.expectAll(numbers + 20)
        }

        @Test func whoeverIsToldToEndEnds() async throws {
            let fleet = try await CountingFleet(.log, sharedState: true)
            let (holder, standby) = try await pair(on: fleet)
            let another = try fleet.fleet.start("run")
            try await eventually("a third waits") { another.errors.contains("waiting for fleet") }
            another.send(SIGINT)
            #expect(try await another.end() == .code(0))
            let refused = try await fleet.fleet.flotilla("run", "--until-idle")
            #expect(refused.errors.contains("process \(holder.processID) on "), "\(refused.said)")
            #expect(!refused.ended(0))
            let status = try await fleet.fleet.flotilla("status")
            #expect(status.output.contains("carried by process \(holder.processID) on "), "\(status.said)")
            holder.send(SIGTERM)
            #expect(try await holder.end() == .code(0))
            try await carries(standby)
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            standby.send(SIGTERM)
            #expect(try await standby.end() == .code(0))
        }

        @Test func aStateThatCannotBeReadForAWhileIsWaitedFor() async throws {
            let fleet = try await CountingFleet(.poll, sharedState: true)
            let holder = try LeashedSQL(fleet, "BEGIN; LOCK TABLE flotilla.flotilla_flow; SELECT pg_sleep(600)")
            try await eventually("it is held") {
                try fleet.psql("SELECT count(*) FROM pg_locks WHERE relation = 'flotilla.flotilla_flow'::regclass")
                    == "1"
            }
            let refused = try await fleet.fleet.flotilla("run", "--until-idle")
            #expect(refused.ended(1), "\(refused.said)")
            let run = try fleet.fleet.start("run")
            try await eventually("it waits") { run.errors.contains("waiting for fleet") }
            try fleet.psql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'flotilla.flotilla_flow'::regclass AND granted"
            )
            withExtendedLifetime(holder) {}
            try await carries(run)
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }

        @Test func aStateThatIsNotThereIsToldAndNobodyIsShown() async throws {
            let fleet = try await CountingFleet(.log, sharedState: true)
            try fleet.psql("DROP SCHEMA flotilla CASCADE")
            let run = try await fleet.fleet.flotilla("run")
            #expect(run.ended(1) && run.errors.contains("flotilla apply"), "\(run.said)")
            #expect(try await fleet.fleet.flotilla("apply").ended(0))
            let status = try await fleet.fleet.flotilla("status")
            #expect(status.ended(0) && status.output.contains("not running"), "\(status.said)")
        }
    }
#endif
