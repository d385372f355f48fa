#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct StatementCheckTests {
        private static let schema = """
            CREATE TYPE mood AS ENUM ('glum', 'glad');
            CREATE FUNCTION half(n BIGINT) RETURNS BIGINT LANGUAGE SQL IMMUTABLE BEGIN ATOMIC; SELECT n / 2; END;
            CREATE TABLE totals (
                customer TEXT PRIMARY KEY REFERENCES own (id), cents BIGINT NOT NULL, mood mood,
                half BIGINT GENERATED ALWAYS AS (half(cents)) STORED, placed TIMESTAMPTZ, data JSONB
            );
            CREATE VIEW rich AS SELECT * FROM totals JOIN own ON id = customer WHERE cents > 1000;
            CREATE INDEX ON totals (cents);
            """

        private func prepare() async throws -> ServiceDatabase {
            let service = try await ServiceDatabase(schema: "orders")
            try await service.apply()
            try service.psql("CREATE TABLE own (id TEXT PRIMARY KEY, name TEXT); INSERT INTO own VALUES ('a', 'Anna')")
            return service
        }

        private func findings(
            _ service: ServiceDatabase, schema: String = Self.schema, _ statements: String...
        ) async throws -> [SQLFinding] {
            try await PostgresStatementCheck(address: service.address).findings(in: [
                ViewSQL(name: "totals", schema: schema, statements: statements)
            ])
        }

        private static let right = [
            "INSERT INTO totals (customer, cents) VALUES ($1, $2) ON CONFLICT (customer) DO UPDATE SET cents = excluded.cents",
            "UPDATE totals SET data = data || $1::jsonb, placed = $2, mood = $3 WHERE customer = $4",
            "DELETE FROM totals USING own WHERE own.id = totals.customer AND own.name = $1",
            "UPDATE own SET name = $1 WHERE id = $2", "INSERT INTO own (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
            "SELECT * FROM rich WHERE customer = ANY (SELECT id FROM own)", "SELECT half($1) + half(cents) FROM totals",
            "INSERT INTO orders.own VALUES ($1, $2)",
        ]

        @Test(arguments: [false, true]) func rightSQLIsRight(isApplied: Bool) async throws {
            let service = try await prepare()
            if isApplied { try await service.apply([.totals(Self.schema)]) }
            let found = try await PostgresStatementCheck(address: service.address).findings(in: [
                ViewSQL(name: "totals", schema: Self.schema, statements: Self.right)
            ])
            #expect(found == [])
        }

        @Test(arguments: [
            // Where it is, from the end of the given text; what is said; what to do.
            ("UPDATE «totls SET cents = $1", "relation \"totls\" does not exist", "did you mean totals?"),
            ("UPDATE «\"Totls\" SET cents = 1", "relation \"Totls\" does not exist", "did you mean totals?"),
            (
                "SELECT 'ä𝄞é' FROM «nowhere_at_all", "\"nowhere_at_all\"",
                "create it in the view's schema, or in the service"
            ),
            ("SELECT 1 FROM «orders.owm", "\"orders.owm\"", "did you mean own?"),
            ("UPDATE totals SET «cemts = 1", "column \"cemts\"", ""),
            ("SELECT «cemts FROM totals", "column \"cemts\"", "totals.cents"),
            ("SELECT «totls.cents FROM totals", "missing FROM-clause entry", ""),
            ("SELECT 'ß' ||| «$1", "", ""),
            ("UPDATE totals SET cents = 1 «WHER true", "syntax error at or near \"WHER\"", ""),
            ("SELECT jsonb_build_object('k', «$1)", "could not determine data type of parameter $1", "`:data.x::text`"),
            ("SELECT «$1 IS NULL", "could not determine data type of parameter $1", "`:data.x::text`"),
            (
                "UPDATE totals SET cents = $1, placed = «$1", "inconsistent types deduced for parameter $1",
                "`:data.x::text`"
            ),
            ("SELECT customer «= 1 FROM totals", "operator does not exist: text = integer", "explicit type casts"),
            ("SELECT «nothing(1)", "function nothing(integer) does not exist", "explicit type casts"),
            ("INSERT INTO totals VALUES (1, 2, 3, 4, 5, 6, «7)", "INSERT has more expressions than target columns", ""),
            (
                "INSERT INTO totals (customer) VALUES ('a') ON «CONFLICT (cents) DO NOTHING",
                "no unique or exclusion constraint", ""
            ),
            ("UPDATE totals SET mood = «'sad'", "invalid input value for enum", ""),
            ("SELECT 1; SELECT 2", "cannot insert multiple commands", ""),
        ])
        func whatIsWrongIsToldWithItsPlace(marked: String, message: String, remedy: String) async throws {
            let service = try await prepare()
            let text = marked.replacing("«", with: "")
            let place = marked.firstRange(of: "«").map { marked[..<$0.lowerBound].utf8.count }
            let found = try await findings(service, "SELECT 1", text)
            try #require(found.count == 1, "\(found)")
            #expect(found[0].view == 0 && found[0].place == .statement(1))
            if let place, !message.isEmpty { #expect(found[0].byteOffset == place, "\(found)") }
            #expect(found[0].message.contains(message), "\(found)")
            #expect(
                found[0].remedy.contains(remedy) && remedy.isEmpty == found[0].remedy.isEmpty || message.isEmpty,
                "\(found)")
            #expect(found[0].isAbsence == message.contains("relation") || message.hasPrefix("\""), "\(found)")
            #expect(!found[0].isUncertain)
        }

        @Test(arguments: [
            ("CREATE TABLE a (id INT); CREATE TABLE b (id «INTT)", "type \"intt\" does not exist", ""),
            (
                "CREATE TABLE a (id INT);\n -- ä\n CREATE TABLE «a (id INT)", "relation \"a\" already exists",
                "make it once"
            ),
            (
                "CREATE TABLE a (id INT); CREATE TABLE orders.«own (id INT)", "relation \"own\" already exists",
                "without the name of a schema"
            ),
            ("CREATE TABLE a (id INT); CREATE INDEX ON a («idd)", "column \"idd\" does not exist", ""),
            (
                "CREATE TABLE a (id INT); «CREATE INDEX CONCURRENTLY ON a (id)", "CREATE INDEX CONCURRENTLY",
                "CONCURRENTLY"
            ),
            (
                "«CREATE TABLE a (id INT); COMMIT; CREATE TABLE b (id INT)", "transaction commands",
                "leave BEGIN, COMMIT"
            ),
            (
                "CREATE TABLE a (id INT); CREATE FUNCTION f() RETURNS INT LANGUAGE SQL AS $$ SELECT «idd FROM a $$",
                "column \"idd\"", ""
            ),
            ("CREATE TABLE a (id INT REFERENCES «owm (id))", "relation \"owm\" does not exist", "did you mean own?"),
            (
                "CREATE TABLE a (id TEXT); CREATE VIEW v AS SELECT * FROM a; CREATE VIEW «v AS SELECT * FROM a",
                "relation \"v\" already exists", ""
            ),
            ("CREATE TABLE a (id INT) «WIHT (fillfactor = 70)", "syntax error", ""),
        ])
        func whatIsWrongInASchemaIsToldWithItsPlace(marked: String, message: String, remedy: String) async throws {
            let service = try await prepare()
            let text = marked.replacing("«", with: "")
            let place = marked.firstRange(of: "«").map { marked[..<$0.lowerBound].utf8.count } ?? 0
            // A table that the failed schema would have made is not missed.
            let found = try await findings(service, schema: text, "UPDATE b SET id = 1", "SELECT «")
            try #require(found.count == 2, "\(found)")
            #expect(found[0].place == .schema && found[1].place == .statement(1))
            #expect(found[0].message.contains(message) && found[0].remedy.contains(remedy), "\(found)")
            #expect(found[0].byteOffset == place, "\(found)")
        }

        @Test func nothingIsLeftAndNobodyWaits() async throws {
            let service = try await prepare()
            try await service.apply([.totals(Self.schema)])
            let state = """
                SELECT count(*), max(oid::bigint) FROM pg_class; SELECT count(*) FROM pg_namespace;
                SELECT count(*) FROM pg_proc; SELECT last_value FROM sequence; SELECT relfilenode FROM pg_class WHERE relname = 'own'
                """
            try service.psql("CREATE SEQUENCE sequence")
            let before = try service.psql(state)
            // Somebody writes to the service's table, and has not committed.
            let gate = Gate()
            let store = service.store
            let writer = Task {
                try await store.write { transaction in
                    try transaction.run("UPDATE own SET name = 'x'")
                    try transaction.run("UPDATE totals SET cents = 1")
                    try gate.pass()
                }
            }
            try await gate.waitForArrival()
            let schema =
                Self.schema + """
                    INSERT INTO own VALUES ('b', 'Bert'); CREATE INDEX ON own (name); ALTER TABLE own ADD extra INT;
                    SELECT nextval('sequence'); DELETE FROM own;
                    """
            let found = try await findings(service, schema: schema, "UPDATE own SET extra = 1", "LOCK own")
            #expect(found.map(\.message) == [#"syntax error at or near "LOCK""#] || found.isEmpty, "\(found)")
            gate.open()
            try await writer.value
            #expect(try service.psql(state) == before)
            #expect(try service.psql("SELECT count(*) FROM pg_prepared_statements") == "0")
        }

        @Test func whatTheOldSchemaMadeIsNotThereForTheNew() async throws {
            let service = try await prepare()
            try await service.apply([.totals(Self.schema)])
            let schema = "CREATE TABLE sums (customer TEXT PRIMARY KEY, cents BIGINT)"
            let found = try await findings(
                service, schema: schema, "UPDATE sums SET cents = 1", "UPDATE totals SET cents = 1",
                "SELECT * FROM rich",
                "UPDATE summs SET cents = 1")
            #expect(found.map(\.place) == [.statement(1), .statement(2), .statement(3)])
            #expect(found.map(\.message) == ["totals", "rich", "summs"].map { "relation \"\($0)\" does not exist" })
            #expect(found.map(\.byteOffset) == [7, 14, 7])
            #expect(found.allSatisfy { $0.isAbsence && !$0.isUncertain })
            #expect(found[2].remedy == "did you mean sums?")
            let dropping = try await findings(service, schema: "DROP TABLE IF EXISTS totals; " + Self.schema)
            #expect(dropping.count == 1 && dropping[0].remedy.contains("leave DROP"), "\(dropping)")
        }

        @Test func whatTheServiceHasStillToMakeIsUncertain() async throws {
            let service = try await ServiceDatabase(schema: "orders")
            for isApplied in [false, true] {
                if isApplied { try await service.apply() }
                let found = try await findings(
                    service, schema: "CREATE TABLE totals (id INT)", "UPDATE own SET name = 'x'",
                    "UPDATE totals SET idd = 1")
                #expect(found.map(\.isUncertain) == [true, false], "\(found)")
                #expect(found.map(\.isAbsence) == [true, false])
            }
            let foreign = try await findings(service, schema: "CREATE TABLE totals (id INT REFERENCES own (id))")
            #expect(foreign.map(\.isUncertain) == [true])
            try service.psql("CREATE TABLE something (id INT)")
            let found = try await findings(service, schema: "", "UPDATE own SET name = 'x'")
            #expect(found.map(\.isUncertain) == [false])
        }

        @Test func viewsOfOneServiceFindEachOthersTables() async throws {
            let service = try await prepare()
            let check = PostgresStatementCheck(address: service.address)
            let found = try await check.findings(in: [
                ViewSQL(name: "one", schema: "CREATE TABLE one (id INT)", statements: ["INSERT INTO two VALUES ($1)"]),
                ViewSQL(
                    name: "two", schema: "SET search_path = pg_catalog; RESET search_path; CREATE TABLE two (id INT)",
                    statements: ["INSERT INTO three VALUES ($1)"]),
                ViewSQL(name: "again", schema: "CREATE TABLE one (id INT)", statements: []),
            ])
            #expect(found.map(\.view).contains(2))
            #expect(try service.psql("SELECT count(*) FROM pg_class WHERE relname IN ('one', 'two')") == "0")
        }

        @Test func whoMayNotMakeASchemaIsTold() async throws {
            let service = try await prepare()
            let role = "reader_\(service.database)"
            try service.psql(
                "CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA orders TO \(role); GRANT SELECT ON flotilla_schema, flotilla_views TO \(role)"
            )
            var address = service.address
            address.url = service.server.url(service.database, user: role)
            let check = PostgresStatementCheck(address: address)
            try await checkThrows(.denied) { try await check.findings(in: []) }
            // A table that this role may not even read is not copied.
            try service.psql("GRANT CREATE ON DATABASE \(service.database) TO \(role)")
            let found = try await check.findings(in: [
                ViewSQL(
                    name: "v", schema: "CREATE TABLE v (id INT)",
                    statements: ["UPDATE own SET name = $1", "UPDATE v SET i = 1"])
            ])
            #expect(found.map(\.place) == [.statement(0), .statement(1)], "\(found)")
            #expect(found.map(\.isUncertain) == [true, false])
            #expect(found[0].message == "permission denied for table own")
        }

        @Test func checksAtTheSameTimeDoNotWaitForEachOther() async throws {
            let service = try await prepare()
            try await withThrowingTaskGroup(of: [SQLFinding].self) { group in
                for _ in 0..<8 {
                    group.addTask { try await findings(service, Self.right[0], "UPDATE totls SET x = 1") }
                }
                for try await found in group { #expect(found.count == 1) }
            }
        }
    }
#endif
