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

        /// Servers elect leaders meanwhile, beside all that a machine of two cores has to do.
        private static let patience = Duration.seconds(240)

        @Test func aClusterThatLosesServersGoesOn() async throws {
            let cluster = try await NATSCluster()
            let fleet = try await CountingFleet(
                .log, broker: "{engine: nats, url: \"\(cluster.url)\", replicas: 3}")
            let run = try await fleet.fleet.startRun()
            var numbers = 0
            // One after the other, each when all have what there is: docs/nats.md tells why.
            for server in cluster.servers {
                try fleet.count(numbers + 1...numbers + 50)
                try await eventually(deadline: Self.patience, "all servers have all") {
                    await cluster.hasAll(of: "\(fleet.name)-counter")
                }
                server.kill()
                try fleet.count(numbers + 51...numbers + 100)
                numbers += 100
                try await fleet.expectAll(numbers, within: Self.patience)
                try await server.start()
            }
            run.kill()
        }

        /// The server that a stream was on alone may come back believing that it still is (nats-server 2.9.10): then it leads a copy
        /// of its own, and answers beside the leader of the others.
        @Test func aStreamThatWasPutOnMoreServersSurvivesTheOneThatItWasOn() async throws {
            let cluster = try await NATSCluster()
            let fleet = try await CountingFleet(.log, broker: cluster.url)
            let stream = "\(fleet.name)-counter"
            let first = try await cluster.leader(of: stream)
            let text = try String(contentsOfFile: fleet.fleet.file("fleet.yaml"), encoding: .utf8)
            try fleet.fleet.write(
                text.replacingOccurrences(
                    of: "broker: \"\(cluster.url)\"",
                    with: "broker: {engine: nats, url: \"\(cluster.url)\", replicas: 3}"))
            try await eventually("the streams are on three servers") {
                try await fleet.fleet.flotilla("apply").ended(0)
            }
            var run = try await fleet.fleet.startRun()
            try fleet.count(1...50)
            try await fleet.expectAll(50, within: Self.patience)
            try await eventually(deadline: Self.patience, "all servers have all") { await cluster.hasAll(of: stream) }
            cluster.servers[first].kill()
            try fleet.count(51...100)
            try await fleet.expectAll(100, within: Self.patience)
            try await cluster.servers[first].start()
            for round in 2..<5 {
                // Who begins anew knows nothing of the stream.
                run.kill()
                run = try await fleet.fleet.startRun()
                try fleet.count(round * 50 + 1...round * 50 + 50)
                try await fleet.expectAll(round * 50 + 50, within: Self.patience)
            }
            // Started again it stays alone. What docs/nats.md advises helps.
            cluster.servers[first].kill()
            let meta = cluster.servers[first].directory.file("data/jetstream/$SYS/_js_/_meta_")
            try FileManager.default.removeItem(atPath: meta)
            try await cluster.servers[first].start()
            try await eventually(deadline: Self.patience, "all servers have all") { await cluster.hasAll(of: stream) }
            run.kill()
        }
    }
#endif
