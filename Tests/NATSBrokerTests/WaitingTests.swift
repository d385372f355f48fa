#if NATS
    import Brokers
    import FleetCore
    import Synchronization
    import TestKit
    import Testing

    @testable import NATSBroker

    /// Who waits for records that do not come for longer than a request for them lives at the server.
    @Suite struct NATSWaitingTests {
        /// Counts what comes.
        private final class Counter: MessageReceiver {
            let count = Mutex(0)
            func receive(_ message: NATSMessage) { count.withLock { $0 += 1 } }
        }

        @Test func whoWaitsAsksAgainWhereItsRequestHasEnded() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                let watching = try await NATSConnection.open(place.settings, for: .asking)
                let requests = Counter()
                let subscription = try await watching.subscribe(
                    to: "$JS.API.CONSUMER.MSG.NEXT.\(place.stream).>", requests)

                let connection = try await NATSConnection.open(place.settings, for: .asking)
                let reader = StreamReader(
                    try broker.stream(place.stream), for: place.reader, requestsExpire: .milliseconds(2100))
                async let waited: Void = reader.waitForRecords(connection, after: .start, timeout: .seconds(300))
                try await eventually("it has asked a third time") { requests.count.withLock { $0 } >= 3 }
                let start = ContinuousClock.now
                _ = try await broker.append([.numbered(1)], to: place.stream)
                try await waited
                try check(ContinuousClock.now - start < .seconds(120), "the record was not noticed")

                watching.discard(subscription)
                await reader.close(connection)
                await connection.close()
                await watching.close()
            }
        }
    }
#endif
