#if NATS && Postgres
    import Foundation
    import TestKit
    import Testing

    /// Fleets on PostgreSQL whose events go over NATS JetStream.
    @Suite(.lanes) struct NATSFleetTests {
        @Test(arguments: CountingFleet.Capture.allCases)
        func aServerThatIsKilledAndStartedAgainLosesAndRepeatsNothing(_ capture: CountingFleet.Capture) async throws {
            let server = try await NATSServer()
            let fleet = try await CountingFleet(capture, broker: server.url)
            let run = try await fleet.fleet.startRun()
            var numbers = 0
            for round in 0..<12 {
                try fleet.count(numbers + 1...numbers + 20)
                numbers += 20
                if round % 4 == 2 {
                    server.kill()
                    try fleet.count(numbers + 1...numbers + 20)
                    numbers += 20
                    try await server.start()
                }
            }
            try await fleet.expectAll(numbers)
            run.send(SIGINT)
            #expect(try await run.end() == .code(0), "\(run.errors)")
        }

        @Test func workMovesBetweenInstancesThatShareNothingButServers() async throws {
            let server = try await NATSServer()
            let fleet = try await CountingFleet(.log, sharedState: true, broker: server.url)
            var numbers = 0
            func write() throws {
                try fleet.count(numbers + 1...numbers + 50)
                numbers += 50
            }
            var holder = try await fleet.fleet.startRun()
            for _ in 0..<3 {
                let standby = try fleet.fleet.start("run")
                try await eventually("the second waits") { standby.errors.contains("waiting for fleet") }
                try write()
                // It wakes when the other has long taken over, with a batch in its hands.
                holder.send(SIGSTOP)
                try write()
                try await eventually("the second takes over") { standby.errors.contains("carrying fleet") }
                holder.send(SIGCONT)
                try write()
                try await fleet.expectAll(numbers)
                holder.kill()
                holder = standby
            }
        }

        @Test func aClusterThatLosesServersGoesOn() async throws {
            let cluster = try await NATSCluster()
            let fleet = try await CountingFleet(.log, broker: cluster.url)
            let text = try String(contentsOfFile: fleet.fleet.file("fleet.yaml"), encoding: .utf8)
            try fleet.fleet.write(
                text.replacingOccurrences(
                    of: "broker: \"\(cluster.url)\"",
                    with: "broker: {engine: nats, url: \"\(cluster.url)\", replicas: 3}"))
            try await eventually("the streams are on three servers") {
                try await fleet.fleet.flotilla("apply").ended(0)
            }
            let run = try await fleet.fleet.startRun()
            try fleet.count(1...50)
            cluster.servers[0].kill()
            try fleet.count(51...100)
            // Servers elect leaders meanwhile, beside all that a machine of two cores has to do.
            let patience = Duration.seconds(240)
            try await fleet.expectAll(100, within: patience)
            try await cluster.servers[0].start()
            try fleet.count(101...150)
            try await fleet.expectAll(150, within: patience)
            // The next go one after the other: the first cannot have caught up.
            for number in [1, 2] {
                cluster.servers[number].kill()
                try await cluster.servers[number].start()
            }
            try fleet.count(151...200)
            try await fleet.expectAll(200, within: patience)
            run.kill()
        }
    }
#endif
