#if Postgres
    import FleetCore
    import Foundation
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// Transactions that the server sends while they are in progress, because they are large.
    @Suite struct StreamedTransactionTests {
        private static let server = Task { try await PrivatePostgres(settings: ["logical_decoding_work_mem": "64kB"]) }

        private struct Fixture {
            let database: ServiceDatabase
            let needs: OutboxNeeds
            let spool: TemporaryDirectory

            init(_ capture: CaptureMode) async throws {
                database = try await ServiceDatabase(server: try await StreamedTransactionTests.server.value)
                spool = try TemporaryDirectory()
                // Slots are of the server, not of the database: each test needs a name of its own.
                let stream = StreamName(
                    fleet: FleetName(unchecked: "f"),
                    service: ServiceName(unchecked: "s\(UUID().uuidString.prefix(8).lowercased())"))
                needs = OutboxNeeds(table: TableName(unchecked: "outbox"), capture: capture, stream: stream)
                _ = try await PostgresSetup(database.address).apply(StoreNeeds(outbox: needs, views: []))
            }

            func open() async throws -> PostgresLogOutbox {
                try await PostgresLogOutbox(
                    database.address, needs: needs, spoolDirectory: spool.path,
                    limit: BatchLimit(events: 1000, bytes: .mebibytes(1)))
            }

            /// The SQL that writes rows of some numbers, which are their keys too.
            func rows(_ numbers: ClosedRange<Int>) -> String {
                let id = "md5(n::text)::uuid"
                let payload = "json_build_object('n', n, 'padding', repeat('x', 100))"
                if needs.capture == .message {
                    return """
                        SELECT count(pg_logical_emit_message(true, 'flotilla', json_build_object('id', \(id), 'aggregatetype', 'thing',
                            'aggregateid', n::text, 'type', 'Happened', 'payload', \(payload))::text))
                        FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS n;
                        """
                }
                return """
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                    SELECT \(id), 'thing', n::text, 'Happened', \(payload)
                    FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS n;
                    """
            }

            func streamed() throws -> Int {
                // What a slot did is told when its reader ends.
                Int(
                    try database.server.psql(
                        database.database,
                        "SELECT coalesce(sum(stream_txns), 0) FROM pg_stat_replication_slots WHERE slot_name LIKE '%\(needs.stream.service)'"
                    )) ?? 0
            }
        }

        /// Captures and settles until `count` events came, or none comes any more.
        private func take(_ count: Int, from outbox: PostgresLogOutbox) async throws -> [Int] {
            var keys: [Int] = []
            var deadline = ContinuousClock.now + .seconds(180)
            while keys.count < count, ContinuousClock.now < deadline {
                let rows = try await outbox.capture(
                    after: .start, limit: BatchLimit(events: 1000, bytes: .mebibytes(1)), patience: .milliseconds(100))
                guard let last = rows.last else { continue }
                deadline = ContinuousClock.now + .seconds(180)
                #expect(rows.malformed.isEmpty)
                keys += rows.events.map { Int($0.key) ?? -1 }
                try await outbox.settle(CapturedBatch(published: rows.positions, parked: [], through: last))
            }
            return keys
        }

        @Test(arguments: [CaptureMode.log, .message])
        func rowsComeOnceInOrderWithoutThoseOfUndoneSavepoints(mode: CaptureMode) async throws {
            let fixture = try await Fixture(mode)
            let outbox = try await fixture.open()
            try fixture.database.psql(
                """
                BEGIN;
                \(fixture.rows(1...5000))
                SAVEPOINT a; \(fixture.rows(100_001...103_000)) ROLLBACK TO a;
                \(fixture.rows(5001...8000))
                SAVEPOINT b; \(fixture.rows(8001...9000)) SAVEPOINT c; \(fixture.rows(200_001...200_100)) ROLLBACK TO c; RELEASE b;
                COMMIT;
                BEGIN; \(fixture.rows(300_001...305_000)) ROLLBACK;
                BEGIN; \(fixture.rows(9001...9001)) COMMIT;
                """)
            let keys = try await take(9001, from: outbox)
            let firstWrong = keys.indices.first { keys[$0] != $0 + 1 }
            try #require(firstWrong == nil, "of \(keys.count), number \(firstWrong ?? 0) is \(keys[firstWrong ?? 0])")
            #expect(try await outbox.pending().count == 0)
            await outbox.close()
            // The server does not tell which sub-transaction a streamed message is of.
            if mode == .message {
                #expect(try fixture.streamed() == 0)
            } else {
                try await eventually("the slot's statistics") { try fixture.streamed() >= 1 }
            }
        }

        @Test(arguments: [CaptureMode.log, .message])
        func restartInTheMidstGoesOnWhereItWas(mode: CaptureMode) async throws {
            let fixture = try await Fixture(mode)
            var outbox = try await fixture.open()
            // Another prefix's messages count as changes, and are no events.
            try fixture.database.psql(
                """
                BEGIN; \(fixture.rows(1...2500)) SELECT pg_logical_emit_message(true, 'others', 'x');
                \(fixture.rows(2501...10000)) COMMIT;
                """)
            var keys: [Int] = []
            while keys.count < 10_000 {
                keys += try await take(min(2000, 10_000 - keys.count), from: outbox)
                // What it had settled is recorded when it closes.
                await outbox.close()
                outbox = try await fixture.open()
                if keys.count > 20_000 { break }
            }
            #expect(keys == Array(1...10_000))
            await outbox.close()
        }

        @Test func transactionsInProgressAtTheSameTimeComeInTheOrderOfTheirCommits() async throws {
            let fixture = try await Fixture(.log)
            let outbox = try await fixture.open()
            func session() throws -> PostgresSession {
                try PostgresSession(fixture.database.address, cancellation: CancellationMark())
            }
            let (first, second) = (try session(), try session())
            try first.script("BEGIN; " + fixture.rows(1...3000))
            try second.script("BEGIN; " + fixture.rows(10_001...13_000))
            try first.script(fixture.rows(3001...4000))
            try second.script("COMMIT")
            #expect(try await take(3000, from: outbox) == Array(10_001...13_000))
            try first.script("COMMIT")
            #expect(try await take(4000, from: outbox) == Array(1...4000))
            first.close()
            second.close()
            await outbox.close()
        }

        /// A transaction that is too large for memory is kept in files, which are gone afterwards.
        @Test func largeTransactionGoesThroughFiles() async throws {
            let fixture = try await Fixture(.log)
            let outbox = try await fixture.open()
            try fixture.database.psql("BEGIN; \(fixture.rows(1...60_000)) COMMIT")
            #expect(try await take(60_000, from: outbox) == Array(1...60_000))
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.spool.path).isEmpty)
            await outbox.close()
        }

        @Test func spoolThatCannotBeMadeIsToldAndNothingIsLost() async throws {
            let fixture = try await Fixture(.log)
            let place = fixture.spool.file("no-directory")
            try Data().write(to: URL(fileURLWithPath: place))
            let broken = try await PostgresLogOutbox(
                fixture.database.address, needs: fixture.needs, spoolDirectory: place)
            try fixture.database.psql("BEGIN; \(fixture.rows(1...60_000)) COMMIT")
            let error = try await checkThrows(.unavailable) { _ = try await take(60_000, from: broken) }
            #expect(error.description.contains(place))
            await broken.close()
            let outbox = try await fixture.open()
            #expect(try await take(60_000, from: outbox) == Array(1...60_000))
            await outbox.close()
        }
    }
#endif
