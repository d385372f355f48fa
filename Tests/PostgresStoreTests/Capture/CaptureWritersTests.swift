#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import Synchronization
    import TestKit
    import Testing

    /// Many writers at the same time, while whoever captures comes and goes.
    ///
    /// Each key has a counter, whose row a writer locks up to its end: its events carry 1, 2, 3 … in the order of commits,
    /// so a gap is a loss, a number out of its place is a wrong order, and two of one number are a ghost.
    @Suite struct CaptureWritersTests {
        private static let keys = (0..<5).map { "k\($0)" }
        private static let writers = 4

        private final class End: Sendable {
            let isReached = Atomic(false)
        }

        private func prepare(_ mode: CaptureMode) async throws -> CaptureFixture {
            let fixture = try await CaptureFixture(mode)
            let write =
                mode == .message
                ? """
                PERFORM pg_logical_emit_message(true, 'flotilla', json_build_object('id', gen_random_uuid(), 'aggregatetype',
                    'order', 'aggregateid', counted, 'type', 'Counted', 'payload', i)::text)
                    FROM generate_series(last - size + 1, last) AS i;
                """
                : """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                    SELECT gen_random_uuid(), 'order', counted, 'Counted', to_json(i)
                    FROM generate_series(last - size + 1, last) AS i;
                """
            try fixture.database.psql(
                """
                CREATE TABLE counters (key text PRIMARY KEY, n int NOT NULL);
                INSERT INTO counters SELECT 'k' || n, 0 FROM generate_series(0, \(Self.keys.count - 1)) AS n;
                CREATE FUNCTION count(counted text, size int) RETURNS void LANGUAGE plpgsql AS $body$
                    DECLARE last int;
                    BEGIN
                        UPDATE counters SET n = n + size WHERE key = counted RETURNING n INTO last;
                        \(write)
                    END $body$;
                """)
            return fixture
        }

        /// A transaction of some keys, in order, so that no two writers wait for each other.
        private func transaction(_ random: inout RandomSource) -> String {
            var sql = "BEGIN; "
            for key in Self.keys.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)).sorted() {
                let size = [1, 1, 2, 3, 10, 200].randomElement(using: &random) ?? 1
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    sql += "SAVEPOINT s; SELECT count('\(key)', \(size)); ROLLBACK TO s; SELECT count('\(key)', 1); "
                case 1: sql += "SAVEPOINT s; SELECT count('\(key)', \(size)); RELEASE s; "
                default: sql += "SELECT count('\(key)', \(size)); "
                }
            }
            if Int.random(in: 0..<3, using: &random) == 0 { sql += "SELECT pg_sleep(0.002); " }
            return sql + (Int.random(in: 0..<4, using: &random) == 0 ? "ROLLBACK" : "COMMIT")
        }

        @Test(arguments: CaptureMode.allCases)
        func nothingIsLostAndEachKeyIsInOrder(mode: CaptureMode) async throws {
            let fixture = try await prepare(mode)
            var random = RandomSource(for: "writers, captured by \(mode)")
            let end = End()
            let (raw, cuts) = try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<Self.writers {
                    let connection = PostgresConnection(fixture.writer)
                    let seed = random.seed &+ UInt64(writer)
                    group.addTask {
                        var random = RandomSource(seed: seed)
                        while !end.isReached.load(ordering: .relaxed) {
                            let sql = transaction(&random)
                            try await connection.access { try $0.script(sql) }
                        }
                        await connection.close()
                    }
                }
                defer { end.isReached.store(true, ordering: .relaxed) }
                let result = try await carry(fixture, &random)
                end.isReached.store(true, ordering: .relaxed)
                try await group.waitForAll()
                return result
            }
            var carrier = raw
            try await fixture.withOutbox { try await carrier.drain($0) }

            var seen: Set<EventID> = []
            let events = carrier.events.filter { seen.insert($0.id).inserted }
            print(
                "\(mode): \(events.count) events, \(carrier.events.count - events.count) raw duplicates, \(cuts) cuts")
            for key in Self.keys {
                let last = Int(try fixture.database.psql("SELECT n FROM counters WHERE key = '\(key)'")) ?? 0
                let numbers = events.filter { $0.key == key }.compactMap { Int($0.text) }
                #expect(numbers.count == last)
                let wrong = numbers.indices.first { numbers[$0] != $0 + 1 }
                #expect(wrong == nil, "\(key): number \(wrong ?? 0) is \(wrong.map { numbers[$0] } ?? 0)")
            }
            if mode != .message { #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0") }
        }

        /// Captures with ends good and bad, while the writers are at it.
        private func carry(
            _ fixture: CaptureFixture, _ random: inout RandomSource
        ) async throws -> (Carrier, cuts: Int) {
            var carrier = Carrier()
            var cuts = 0
            for _ in 0..<10 {
                let limit = BatchLimit(
                    events: EventCount([1, 50, 4096].randomElement(using: &random) ?? 1), bytes: .mebibytes(1))
                let steps = Int.random(in: 0..<40, using: &random)
                let isCut = Bool.random(using: &random)
                let outbox = try await fixture.reopen(limit: limit)
                for _ in 0..<steps { try await carrier.step(outbox, limit: limit, patience: .milliseconds(1)) }
                if isCut {
                    try fixture.terminate()
                    cuts += 1
                }
                await outbox.close()
            }
            return (carrier, cuts)
        }
    }
#endif
