#if NATS
    import Brokers
    import FleetCore
    import Synchronization
    import TestKit
    import Testing

    @testable import NATSBroker

    /// Clusters of three whose servers are lost: what was appended is there, and whoever reads goes on.
    @Suite(.serialized) struct NATSClusterFaultTests {
        /// A cluster, and a stream on all its servers.
        private func cluster(
            notice: @escaping @Sendable (String) -> Void = { _ in }
        ) async throws -> (NATSCluster, Place, NATSBroker) {
            let cluster = try await NATSCluster()
            var place = Place(cluster.servers.map(\.url))
            place.replicas = 3
            let made = place
            _ = try await patiently { try await made.setup.apply(made.needs) }
            return (cluster, made, made.broker(notice: notice))
        }

        /// Reads for the place's reader, from a position to the end.
        private func read(
            _ count: Int, from broker: NATSBroker, _ place: Place, after start: LogPosition = .start
        ) async throws -> (numbers: [Int], position: LogPosition) {
            var (numbers, position) = ([Int](), start)
            try await eventually("\(count) are read") {
                let last = position
                let batch = try await patiently {
                    try await broker.read(place.stream, for: place.reader, after: last, limit: .standard)
                }
                numbers += batch.map(\.event.number)
                position = batch.last?.position ?? position
                return numbers.count >= count
            }
            return (numbers, position)
        }

        @Test func aClusterThatLosesItsLeaderGoesOn() async throws {
            let (cluster, place, broker) = try await cluster()
            try await broker.append(24, of: 200, to: place.stream) { batch in
                if batch % 8 == 3 {
                    let server = cluster.servers[batch / 8]
                    server.kill()
                    try await server.start()
                }
            }
            try checkEqual(try await patiently { try await broker.numbers(of: place.stream) }, Array(0..<4_800))
            await broker.close()
        }

        /// The second goes before the first can have caught up: for a while nobody has a majority.
        @Test func twoServersThatAreLostOneAfterTheOtherAreBorne() async throws {
            let (cluster, place, broker) = try await cluster()
            try await broker.append(12, of: 200, to: place.stream) { batch in
                guard batch % 4 == 1 else { return }
                let (first, second) = (batch / 4, (batch / 4 + 1) % 3)
                cluster.servers[first].kill()
                try await cluster.servers[first].start()
                cluster.servers[second].kill()
                try await cluster.servers[second].start()
            }
            try checkEqual(try await read(2_400, from: broker, place).numbers, Array(0..<2_400))
            await broker.close()
        }

        /// Whoever leads a stream without a majority may hold a copy that the others know nothing of.
        @Test func whoLeadsWithoutAMajorityIsNotBelieved() async throws {
            let cluster = try await NATSCluster()
            let one = Place(cluster.servers.map(\.url))
            _ = try await patiently { try await one.setup.apply(one.needs) }
            var copy = one
            copy.replicas = 3
            let place = copy
            let broker = place.broker()
            for _ in 0..<2 {
                let error = try await checkThrows(.unavailable) {
                    try await broker.append([.numbered(1)], to: place.stream)
                }
                try check(error.message.contains("without a majority") && error.isRetriable, "\(error)")
            }
            let error = try await checkThrows(.unavailable) {
                try await broker.read(place.stream, for: place.reader, after: .start, limit: .standard)
            }
            try check(error.message.contains("without a majority"), "\(error)")
            try checkEqual(try await place.setup.plan(place.needs), ["change stream fleet-orders: replicas 1 → 3"])
            _ = try await patiently { try await place.setup.apply(place.needs) }
            _ = try await patiently { try await broker.append([.numbered(1)], to: place.stream) }
            try checkEqual(try await read(1, from: broker, place).numbers, [1])
            await broker.close()
        }

        @Test(arguments: [true, false])
        func aConsumerWhoseServerIsGoneIsMadeAnewElsewhere(isKilled: Bool) async throws {
            let notices = Mutex<[String]>([])
            let (cluster, place, broker) = try await cluster { notice in notices.withLock { $0.append(notice) } }
            _ = try await patiently { try await broker.append((0..<50).map { .numbered($0) }, to: place.stream) }
            let first = try await read(50, from: broker, place)
            try checkEqual(first.numbers, Array(0..<50))
            let name = try await patiently { try await place.server(of: place.reader) }
            let number = try #require(["n1", "n2", "n3"].firstIndex { $0 == name })
            let server = cluster.servers[number]
            // It stays away until the reader goes on.
            if isKilled { server.kill() } else { try await server.pause() }
            _ = try await patiently { try await broker.append((50..<100).map { .numbered($0) }, to: place.stream) }
            let second = try await read(50, from: broker, place, after: first.position)
            try checkEqual(second.numbers, Array(50..<100))
            let there = try await patiently { try await place.server(of: place.reader) }
            try check(
                there != nil && there != name, "the consumer is on \(there ?? "none"), and was on \(name ?? "none")")
            let told = notices.withLock { $0 }
            try check(told.contains { $0.contains("is made anew") }, "\(told)")
            if isKilled { try await server.start() } else { server.resume() }
            // What comes back knows that its consumer is another's now.
            _ = try await patiently { try await broker.append((100..<150).map { .numbered($0) }, to: place.stream) }
            let third = try await read(50, from: broker, place, after: second.position)
            try checkEqual(third.numbers, Array(100..<150))
            await broker.close()
        }

        /// nats-server turns JetStream off where it cannot write, until it is started again.
        @Test func aServerWhoseDiskIsFullIsToldUntilItIsStartedAgain() async throws {
            guard let disk = try SmallDisk(kibibytes: 64 << 10) else { return }
            let cluster = try await NATSCluster()
            try await cluster.servers[0].move(to: disk.path)
            var copy = Place(cluster.servers.map(\.url))
            copy.replicas = 3
            let place = copy
            _ = try await patiently { try await place.setup.apply(place.needs) }
            let broker = place.broker()
            try await eventually("all three take part") {
                try await patiently { try await broker.weakness(of: place.stream) } == nil
            }
            let taken = Mutex(0)
            func append(_ count: Int) async throws {
                let start = taken.withLock { taken in
                    defer { taken += count }
                    return taken
                }
                let events = (start..<start + count).map { Event.numbered($0, payload: 1_000) }
                _ = try await patiently { try await broker.append(events, to: place.stream) }
            }
            func weakness() async throws -> FleetError? {
                try await patiently { try await broker.weakness(of: place.stream) }
            }
            try await append(100)
            try disk.fill()
            try await append(100)
            try await eventually("the full disk is told") { try await weakness()?.message.contains("n1") ?? false }
            try await append(100)
            try disk.free()
            cluster.servers[0].kill()
            try await cluster.servers[0].start()
            try await eventually("nothing is lacking any more") { try await weakness() == nil }
            try await append(100)
            let count = taken.withLock { $0 }
            try checkEqual(try await read(count, from: broker, place).numbers, Array(0..<count))
            await broker.close()
        }
    }
#endif
