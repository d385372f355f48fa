#if Postgres
    import FleetCore
    import Foundation
    import TestKit
    import Testing

    /// Whatever ends, hangs or is cut while services write to PostgreSQL: the views are exact.
    ///
    /// `FLOTILLA_ROUNDS` raises the number of rounds: 10 for ten times as many.
    @Suite(.lanes) struct PostgresFaultTests {
        private static let rounds =
            ProcessInfo.processInfo.environment["FLOTILLA_ROUNDS"].flatMap { Int($0) }.map { max(1, $0) } ?? 1
        /// One that is never stopped.
        private static let server = Task {
            try await PrivatePostgres(settings: ["max_replication_slots": "100", "max_wal_senders": "50"])
        }

        @Test(arguments: CaptureMode.allCases)
        func killedAtEachNamedPoint(mode: CaptureMode) async throws {
            let fleet = try await ContendedFleet(mode, server: try await Self.server.value)
            fleet.startWriting(seed: RandomSource(for: "kill at named points, \(mode)").seed)
            for pass in 1...Self.rounds {
                for point in [CrashPoint.captured, .appended, .acknowledging, .cleaningUp, .applied, .delivered] {
                    try await fleet.fleet.crash(at: point, pass: pass, ["run"])
                }
            }
            await fleet.stopWriting()
            try await fleet.expectExact("killed at named points")
        }

        @Test(arguments: CaptureMode.allCases)
        func killedAtRandomMoments(mode: CaptureMode) async throws {
            var random = RandomSource(for: "kill at random moments, \(mode)")
            let fleet = try await ContendedFleet(mode, server: try await Self.server.value)
            fleet.startWriting(seed: random.seed)
            for round in 0..<8 * Self.rounds {
                let run = round % 4 == 0 ? try fleet.fleet.start("run") : try await fleet.fleet.startRun()
                // A large transaction is cut in its midst.
                if round == 2 { try fleet.writeMuch(20_000) }
                try await Task.sleep(for: .milliseconds(Int.random(in: 5...250, using: &random)))
                run.kill()
                #expect(try await run.end() == .signal(9))
            }
            await fleet.stopWriting()
            try await fleet.expectExact("killed at random moments")
        }

        /// One run survives it all.
        @Test(arguments: CaptureMode.allCases)
        func serverThatCrashesAndConnectionsThatEnd(mode: CaptureMode) async throws {
            enum Trouble: CaseIterable { case crash, terminate, pause }
            var random = RandomSource(for: "server's troubles, \(mode)")
            // A server that crashes is no other test's.
            let server = try await PrivatePostgres(settings: ["fsync": "on"])
            let fleet = try await ContendedFleet(mode, server: server)
            let run = try await fleet.fleet.startRun()
            fleet.startWriting(seed: random.seed)
            for _ in 0..<Self.rounds {
                for trouble in (Trouble.allCases + [.terminate]).shuffled(using: &random) {
                    try await fleet.work(20)
                    switch trouble {
                    case .crash:
                        server.stop(mode: "immediate")
                        try await server.start()
                    case .terminate: fleet.terminate()
                    case .pause:
                        run.send(SIGSTOP)
                        try await fleet.work(40)
                        run.send(SIGCONT)
                    }
                    try await fleet.expectProgress(run)
                }
            }
            await fleet.stopWriting()
            run.send(SIGINT)
            #expect(try await run.end() == .code(0))
            try await fleet.expectExact("the server's troubles")
        }

        /// The wire between Flotilla and the orders' store is cut, or one of its directions goes dead for a while.
        @Test(arguments: CaptureMode.allCases)
        func wireThatIsCut(mode: CaptureMode) async throws {
            enum Trouble: CaseIterable { case cut, deadBothWays, deadToServer, deadFromServer }
            var random = RandomSource(for: "the wire, \(mode)")
            let server = try await Self.server.value
            let proxy = try CuttableProxy(to: server.port)
            let fleet = try await ContendedFleet(mode, server: server, proxy: proxy)
            let run = try await fleet.fleet.startRun()
            fleet.startWriting(seed: random.seed)
            for _ in 0..<Self.rounds {
                for trouble in Trouble.allCases.shuffled(using: &random) {
                    try await fleet.work(20)
                    switch trouble {
                    case .cut: break
                    case .deadBothWays: proxy.hold(Set(CuttableProxy.Direction.allCases))
                    case .deadToServer: proxy.hold([.toServer])
                    case .deadFromServer: proxy.hold([.fromServer])
                    }
                    try await fleet.work(20)
                    // In the end the wire is cut, or what was held comes after all.
                    if trouble == .cut || Bool.random(using: &random) { proxy.cut() }
                    proxy.hold([])
                    try await fleet.expectProgress(run)
                }
            }
            await fleet.stopWriting()
            run.send(SIGINT)
            #expect(try await run.end() == .code(0))
            try await fleet.expectExact("the wire")
        }

        /// Whoever must begin anew lets go of what it holds: of two connections one is lost, or somebody else was there.
        @Test(arguments: CaptureMode.allCases)
        func whoBeginsAnewIsNotInItsOwnWay(mode: CaptureMode) async throws {
            let random = RandomSource(for: "beginning anew, \(mode)")
            let fleet = try await ContendedFleet(mode, server: try await Self.server.value)
            let run = try await fleet.fleet.startRun()
            fleet.startWriting(seed: random.seed)
            for _ in 0..<2 {
                try await fleet.expectProgress(run)
                try fleet.disturb()
                try await fleet.expectProgress(run)
            }
            try await eventually("it begins anew") { try fleet.hasBegunAnew() }
            try await fleet.expectProgress(run)
            #expect(!run.errors.contains("another flotilla captures"), "\(run.errors.suffix(2000))")
            await fleet.stopWriting()
            run.send(SIGINT)
            #expect(try await run.end() == .code(0))
            try await fleet.expectExact("beginning anew")
        }
    }
#endif
