#if NATS
    import Brokers
    import FleetCore
    import TestKit
    import Testing

    @testable import NATSBroker

    /// Servers that are killed, paused and cut off in the middle of appending and reading.
    @Suite struct NATSFaultTests {
        @Test func aServerThatIsKilledAndStartedAgainLosesAndRepeatsNothing() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                try await broker.append(40, of: 500, to: place.stream) { batch in
                    if batch % 8 == 5 {
                        server.kill()
                        try await server.start()
                    }
                }
                let numbers = try await patiently { try await broker.numbers(of: place.stream) }
                try checkEqual(numbers.count, 20_000)
                try checkEqual(numbers, Array(0..<20_000))
            }
        }

        @Test func aReaderGoesOnWhereItWasAfterTheServerWasKilled() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                _ = try await broker.append((0..<3_000).map { Event.numbered($0) }, to: place.stream)
                var (numbers, position) = ([Int](), LogPosition.start)
                let limit = BatchLimit(events: 100, bytes: .mebibytes(1))
                while numbers.count < 3_000 {
                    let batch = try await patiently {
                        try await broker.read(place.stream, for: place.reader, after: position, limit: limit)
                    }
                    numbers += batch.map(\.event.number)
                    position = batch.last?.position ?? position
                    try await patiently {
                        try await broker.acknowledge(upTo: position, by: place.reader, in: place.stream)
                    }
                    if numbers.count == 1_000 || numbers.count == 2_000 {
                        server.kill()
                        try await server.start()
                    }
                }
                try checkEqual(numbers, Array(0..<3_000))
                let last = position
                try await eventually("the cursor is at the end") {
                    try await broker.subscriptions(of: place.stream)[place.reader] == last
                }
            }
        }

        /// A new process knows nothing of what was sent before: what is there it finds by its id, long after JetStream has
        /// forgotten that it was sent.
        @Test func whoBeginsAnewRepeatsNothing() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            _ = try await place.setup.apply(place.needs)
            // The shortest window that there is.
            try await place.ask(
                "STREAM.UPDATE.\(place.stream)",
                "{\"name\":\"\(place.stream)\",\"description\":\"flotilla\",\"subjects\":[\"fleet.orders.>\"],\"discard\":\"new\","
                    + "\"max_bytes\":1073741824,\"num_replicas\":1,\"storage\":\"file\",\"duplicate_window\":100000000}"
            )
            let events = (0..<50).map { Event.numbered($0) }
            let first = place.broker()
            _ = try await first.append(Array(events[..<30]), to: place.stream)
            await first.close()
            let start = ContinuousClock.now
            try await eventually("the window has passed") { ContinuousClock.now - start > .milliseconds(400) }
            let second = place.broker()
            _ = try await second.append(events, to: place.stream)
            try checkEqual(try await second.numbers(of: place.stream), Array(0..<50))
            await second.close()
        }

        @Test func twoWhoAppendRefuseEachOtherAndLoseNothing() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { one in
                let other = place.broker()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (broker, start) in [(one, 0), (other, 10_000)] {
                        group.addTask {
                            for batch in 0..<20 {
                                let events = (0..<10).map { Event.numbered(start + batch * 10 + $0) }
                                _ = try await patiently { try await broker.append(events, to: place.stream) }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let numbers = try await one.numbers(of: place.stream)
                try checkEqual(numbers.filter { $0 < 10_000 }, Array(0..<200))
                try checkEqual(numbers.filter { $0 >= 10_000 }, Array(10_000..<10_200))
                await other.close()
            }
        }

        @Test func aPausedServerIsWaitedForAndNothingIsLost() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                _ = try await broker.append([.numbered(0)], to: place.stream)
                try await server.pause()
                let events = (1..<10).map { Event.numbered($0) }
                try await checkThrows(.unavailable) { try await broker.append(events, to: place.stream) }
                server.resume()
                _ = try await patiently { try await broker.append(events, to: place.stream) }
                try checkEqual(try await patiently { try await broker.numbers(of: place.stream) }, Array(0..<10))
            }
        }

        @Test func connectionsThatAreCutAreMadeAgain() async throws {
            let server = try await NATSServer()
            let proxy = try CuttableProxy(to: server.port)
            let place = Place(["nats://127.0.0.1:\(proxy.port)"])
            try await place.withBroker { broker in
                try await broker.append(30, of: 200, to: place.stream) { batch in
                    if batch % 3 == 1 { proxy.cut() }
                }
                try checkEqual(
                    try await patiently { try await broker.numbers(of: place.stream) }, Array(0..<6_000))
            }
        }
    }
#endif
