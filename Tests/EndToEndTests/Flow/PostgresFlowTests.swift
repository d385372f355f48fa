#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// Pausing and replaying where stores and the fleet's state are in PostgreSQL.
    @Suite(.lanes) struct PostgresFlowTests {
        @Test(arguments: CountingFleet.Capture.allCases) func aPausedOutboxRestsInEveryProcess(
            _ capture: CountingFleet.Capture
        ) async throws {
            let fleet = try await CountingFleet(capture, sharedState: true)
            let holder = try await fleet.fleet.startRun()
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            let paused = try await fleet.fleet.flotilla("pause", "counter", "--reason", "upgrade")
            #expect(paused.ended(0) && paused.output.contains("paused counter"), "\(paused.said)")
            #expect(!paused.errors.contains("has not ended yet"), "\(paused.said)")
            try fleet.count(11...20)
            // It has let go of the store, so that the server tells what waits there.
            let status = try await FlowStatus.read(fleet.fleet)
            #expect(status.streams[0].pending == 30 && status.streams[0].paused?.reason == "upgrade")
            #expect(status.streams[0].lastError == nil)
            if capture != .message, capture != .poll {
                #expect(status.streams[0].lagSeconds.map { $0 >= 0 && $0 < 600 } == true)
            }
            // Whoever takes over lets it rest, too.
            holder.kill()
            let second = try await fleet.fleet.startRun()
            #expect(try fleet.seen() == 30)
            let idle = try await FlowStatus.read(fleet.fleet)
            #expect(idle.streams[0].pending == 30)
            #expect(try await fleet.fleet.flotilla("resume", "counter").ended(0))
            try await fleet.expectAll(20)
            second.send(SIGTERM)
            #expect(try await second.end() == .code(0))
            let rest = try await fleet.fleet.flotilla("run", "--until-idle")
            #expect(rest.ended(0), "\(rest.said)")
        }

        @Test(arguments: [true, false]) func aViewTakesEventsAgain(_ sharedState: Bool) async throws {
            let fleet = try await CountingFleet(.poll, sharedState: sharedState)
            let run = try await fleet.fleet.startRun()
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            let replay = try await fleet.fleet.flotilla("replay", "reader.seen", "--since", "1h")
            #expect(replay.ended(0) && replay.output.contains("takes 30 records again"), "\(replay.said)")
            try await eventually("they come again") { try fleet.seen() == 60 }
            #expect(try await fleet.fleet.flotilla("pause", "reader.seen").ended(0))
            #expect(try await fleet.fleet.flotilla("replay", "reader.seen", "--position", "30").ended(0))
            try fleet.count(11...11)
            try await eventually("the stream has the new ones") {
                try await FlowStatus.read(fleet.fleet).views[0].pending == 4
            }
            #expect(try fleet.seen() == 60)
            #expect(try await fleet.fleet.flotilla("resume", "reader.seen").ended(0))
            try await eventually("they come") { try fleet.seen() == 64 }
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
            #expect(!run.errors.contains(" waits: "), "\(run.errors)")
        }

        @Test func aStateThatIsNotThereIsTold() async throws {
            let fleet = try await CountingFleet(.poll, sharedState: true)
            try fleet.psql("DROP SCHEMA flotilla CASCADE")
            for arguments in [["pause", "counter"], ["resume", "counter"]] {
                let program = try fleet.fleet.start(arguments)
                #expect(try await program.end() == .code(1))
                #expect(program.errors.contains("run `flotilla apply`"), "\(program.errors)")
            }
        }
    }
#endif
