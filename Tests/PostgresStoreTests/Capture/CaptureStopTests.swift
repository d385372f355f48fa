#if Postgres
    import FleetCore
    import Outbox
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// A server that is told to stop waits until whoever reads its log has all of it: it must not wait for ever.
    @Suite struct CaptureStopTests {
        /// A server that gives up a reader that does not answer only after more time than any test waits for.
        private func server() async throws -> PrivatePostgres {
            try await PrivatePostgres(settings: ["wal_sender_timeout": "300s"])
        }

        /// Stops the server as an administrator does, and starts it again.
        /// - Returns: how long it took to stop.
        private func restart(_ server: PrivatePostgres) async throws -> Duration {
            let took = await server.stopInOrder()
            try await server.start()
            return took
        }

        /// Captures up to a number. What was carried before, and not recorded, may come again, in its order.
        private func expect(_ numbers: ClosedRange<Int>, of fixture: CaptureFixture, limit: BatchLimit) async throws {
            var carrier = Carrier()
            try await fixture.withOutbox(limit: limit) { outbox in
                while carrier.numbers.last != numbers.upperBound {
                    let isThere = try await carrier.step(outbox, limit: limit, patience: .seconds(180))
                    try #require(isThere, "\(carrier.numbers)")
                }
            }
            #expect(carrier.numbers.count >= numbers.count)
            #expect(carrier.numbers == Array((1...numbers.upperBound).suffix(carrier.numbers.count)))
        }

        @Test(arguments: [CaptureMode.log, .message])
        func aServerStopsWhileNothingHappens(mode: CaptureMode) async throws {
            let server = try await server()
            let fixture = try await CaptureFixture(mode, server: server)
            let outbox = try await fixture.open()
            try fixture.database.psql(fixture.events(1...5))
            var carrier = Carrier()
            while carrier.events.count < 5 { try await carrier.step(outbox, patience: .seconds(180)) }
            // What is nobody's event, and too little to move the slot.
            try fixture.database.psql("SELECT pg_logical_emit_message(false, 'others', repeat('x', 3000))")
            let took = try await restart(server)
            #expect(took < .seconds(180))
            await outbox.close()
            try fixture.database.psql(fixture.events(6...9))
            try await expect(6...9, of: fixture, limit: .standard)
        }

        /// What was captured and not settled is not confirmed, and comes again.
        @Test(arguments: [CaptureMode.log, .message])
        func aServerStopsWhileEventsAreNotSettled(mode: CaptureMode) async throws {
            let server = try await server()
            let fixture = try await CaptureFixture(mode, server: server)
            let outbox = try await fixture.open()
            try fixture.database.psql(fixture.events(1...5))
            let rows = try await outbox.capture(after: .start, limit: .standard, patience: .seconds(180))
            #expect(!rows.isEmpty)
            let took = try await restart(server)
            #expect(took < .seconds(180))
            await outbox.close()
            try await expect(1...5, of: fixture, limit: .standard)
        }

        /// Where nobody takes what was read, the socket is not read: the server's question is not heard.
        @Test(arguments: [CaptureMode.log, .message])
        func aServerStopsWhileNobodyTakesWhatItSends(mode: CaptureMode) async throws {
            let server = try await server()
            let fixture = try await CaptureFixture(mode, server: server)
            let limit = BatchLimit(events: 10, bytes: .mebibytes(1))
            let outbox = try await fixture.open(limit: limit)
            for first in stride(from: 1, through: 91, by: 10) {
                try fixture.database.psql(fixture.events(first...first + 9))
            }
            let took = try await restart(server)
            #expect(took < .seconds(180))
            await outbox.close()
            try await expect(1...100, of: fixture, limit: limit)
        }
    }
#endif
