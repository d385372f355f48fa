#if Postgres
    import FleetCore
    import Foundation
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What a server lacks is told before anything is changed, with the statement that mends it.
    @Suite(.serialized) struct CaptureServerTests {
        /// A server as it is installed, with a role that needs a password.
        private static let plain = Task {
            let server = try await PrivatePostgres(settings: ["wal_level": "replica"])
            try server.psql("postgres", "CREATE ROLE mallory LOGIN PASSWORD 'right' SUPERUSER")
            let path = "\(server.dataDirectory)/pg_hba.conf"
            let rules = try String(contentsOfFile: path, encoding: .utf8)
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data("host all mallory all scram-sha-256\n\(rules)".utf8))
            try file.close()
            try server.psql("postgres", "SELECT pg_reload_conf()")
            return server
        }
        private static let narrow = Task {
            try await PrivatePostgres(settings: ["max_replication_slots": "1", "max_wal_senders": "1"])
        }

        /// What `plan` and `apply` say, which is the same, and what they leave behind, which is nothing.
        private func refusal(
            _ fixture: CaptureFixture, at address: PostgresAddress? = nil, _ codes: FleetError.Code...
        ) async throws -> FleetError {
            let address = address ?? fixture.database.address
            let needs = StoreNeeds(outbox: fixture.needs, views: [])
            let before = try fixture.database.psql(
                "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_publication)")
            var errors: [FleetError] = []
            for body in [
                { _ = try await PostgresSetup(address).plan(needs) },
                { _ = try await PostgresSetup(address).apply(needs) },
            ] as [() async throws -> Void] {
                do {
                    try await body()
                } catch let error as FleetError {
                    errors.append(error)
                }
            }
            try #require(errors.count == 2)
            #expect(errors[0].code == errors[1].code)
            #expect(errors[0].message == errors[1].message)
            #expect(codes.contains(errors[0].code), "\(errors[0])")
            #expect(errors[0].message.contains(address.name))
            let after = try fixture.database.psql(
                "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_publication)")
            #expect(before == after)
            return errors[0]
        }

        @Test(arguments: [CaptureMode.log, .message])
        func serverThatKeepsNoLogicalLog(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, applies: false, server: try await Self.plain.value)
            let error = try await refusal(fixture, .invalidInput)
            #expect(error.message.contains("ALTER SYSTEM SET wal_level = 'logical'"))
            // To poll needs none of it.
            _ = try await PostgresSetup(fixture.database.address).apply(
                StoreNeeds(outbox: fixture.needs(.poll), views: []))
        }

        @Test func serverWithoutAFreeSlotOrSender() async throws {
            let server = try await Self.narrow.value
            let first = try await CaptureFixture(.log, server: server)
            let outbox = try await first.open()
            let second = try await CaptureFixture(.log, applies: false, server: server)
            let error = try await refusal(second, .invalidInput)
            #expect(error.message.contains("ALTER SYSTEM SET max_replication_slots = 11"), "\(error)")
            #expect(error.message.contains("ALTER SYSTEM SET max_wal_senders = 11"), "\(error)")
            // A role that is shown nothing of others' sessions is told the same.
            try second.database.psql(
                """
                CREATE ROLE plain LOGIN REPLICATION; GRANT CREATE ON DATABASE \(second.database.database) TO plain;
                GRANT ALL ON SCHEMA public TO plain
                """)
            let plain = PostgresAddress(
                url: server.url(second.database.database, user: "plain"), name: second.database.address.name)
            let told = try await refusal(second, at: plain, .invalidInput)
            #expect(told.message == error.message)
            await outbox.close()
            // Once there is room, it works.
            _ = try await PostgresSetup(first.database.address).removeCapture(first.needs)
            try await second.apply()
        }

        @Test(arguments: [CaptureMode.log, .message])
        func roleThatMayNotReplicate(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, applies: false)
            let role = "weak_\(fixture.needs.stream.service)"
            try fixture.database.psql("CREATE ROLE \(role) LOGIN")
            let address = PostgresAddress(
                url: fixture.database.server.url(fixture.database.database, user: role), name: "the orders' store")
            let error = try await refusal(fixture, at: address, .invalidInput)
            #expect(error.message.contains("ALTER ROLE \"\(role)\" REPLICATION"), "\(error)")
            #expect(
                error.message.contains("GRANT CREATE ON DATABASE \"\(fixture.database.database)\" TO \"\(role)\""),
                "\(error)")
            // What it says is what it takes.
            try fixture.database.psql(
                """
                ALTER ROLE \(role) REPLICATION; GRANT CREATE ON DATABASE \(fixture.database.database) TO \(role);
                GRANT CREATE ON SCHEMA public TO \(role)
                """)
            _ = try await fixture.apply(at: address)
            let outbox = try await fixture.open(at: address)
            try fixture.database.psql(fixture.event(1))
            var carrier = Carrier()
            try await carrier.drain(outbox)
            #expect(carrier.numbers == [1])
            await outbox.close()
            try fixture.database.psql("DROP OWNED BY \(role)")
        }

        /// The table is the service's, and its role is another.
        @Test(arguments: [CaptureMode.poll, .log])
        func roleWithoutRightsOnTheTable(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, table: LaxTable.sql(id: "uuid"), applies: false)
            let role = "stranger_\(fixture.needs.stream.service)"
            try fixture.database.psql(
                """
                CREATE ROLE \(role) LOGIN REPLICATION; GRANT CREATE ON DATABASE \(fixture.database.database) TO \(role);
                GRANT CREATE ON SCHEMA public TO \(role)
                """)
            let address = PostgresAddress(
                url: fixture.database.server.url(fixture.database.database, user: role), name: "the orders' store")
            let error = try await checkThrows(.denied) { _ = try await fixture.apply(at: address) }
            #expect(error.message.contains("the orders' store"))
            #expect(error.message.contains("outbox"), "\(error)")
            try fixture.database.psql("ALTER TABLE outbox OWNER TO \(role)")
            _ = try await fixture.apply(at: address)
            // Rights that go while it is captured.
            let outbox = try await fixture.open(at: address)
            try fixture.database.psql(fixture.event(1) + "ALTER TABLE outbox OWNER TO flotilla")
            var carrier = Carrier()
            let refused = try await checkThrows(.denied) {
                while true { try await carrier.step(outbox, patience: .milliseconds(1100)) }
            }
            #expect(refused.message.contains("the orders' store"))
            await outbox.close()
        }

        static let unfit = [
            (
                "CREATE TABLE real_outbox (id uuid, aggregatetype text, aggregateid text, type text, payload json);"
                    + "CREATE VIEW outbox AS SELECT * FROM real_outbox", "it is a view"
            ),
            ("CREATE TABLE outbox (id uuid, aggregatetype text, type text)", "it lacks columns aggregateid, payload"),
            (
                "CREATE TABLE outbox (id int, aggregatetype text, aggregateid text, type text, payload json)",
                "column id is integer"
            ),
            (
                "CREATE TABLE outbox (id uuid, aggregatetype text, aggregateid text, type text, payload xml)",
                "column payload is xml"
            ),
            (
                "CREATE TABLE outbox (id uuid, aggregatetype text, aggregateid text, type text, payload json) PARTITION BY LIST (type)",
                "it is a partitioned table"
            ),
        ]

        @Test(arguments: [CaptureMode.poll, .log], unfit)
        func tableThatIsNoOutbox(mode: CaptureMode, unfit: (table: String, words: String)) async throws {
            let fixture = try await CaptureFixture(mode, table: unfit.table, applies: false)
            let error = try await refusal(fixture, .invalidInput)
            #expect(error.message.contains(unfit.words), "\(error)")
            #expect(error.remedy?.contains("an outbox has id (uuid)") == true)
        }

        /// Numbers that a connection takes in advance are no order: the floor would rise above those that it still has.
        @Test func sequenceThatGivesNoOrder() async throws {
            let sequence = "CREATE SEQUENCE \"Own numbers\" CACHE 20 CYCLE;"
            let column = """
                ALTER TABLE outbox ADD COLUMN flotilla_sequence bigint NOT NULL DEFAULT nextval('"Own numbers"');
                ALTER SEQUENCE "Own numbers" OWNED BY outbox.flotilla_sequence;
                """
            let fixture = try await CaptureFixture(.poll, table: LaxTable.sql() + sequence + column, applies: false)
            let error = try await refusal(fixture, .invalidInput)
            let mending = "ALTER SEQUENCE \"Own numbers\" CACHE 1 NO CYCLE"
            #expect(error.remedy?.contains(mending) == true, "\(error)")
            // The log has its own order.
            _ = try await PostgresSetup(fixture.database.address).plan(
                StoreNeeds(outbox: fixture.needs(.log), views: []))
            try fixture.database.psql(mending)
            // Nor are those that a transaction takes before it has a number of its own.
            let early = try await refusal(fixture, .invalidInput)
            let numbering = try #require(
                early.remedy?.firstRange(of: "ALTER TABLE").map { early.remedy?[$0.lowerBound...] })
            try fixture.database.psql(String(numbering ?? ""))
            try await fixture.apply()
            try fixture.database.psql("ALTER SEQUENCE \"Own numbers\" CACHE 2")
            let refused = try await checkThrows(.invalidInput) { _ = try await fixture.open() }
            #expect(refused.remedy?.contains("CACHE 1,") == true, "\(refused)")
        }

        /// A table that is dropped, or changed, while it is captured.
        @Test(arguments: [CaptureMode.poll, .log])
        func tableThatGoes(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            let outbox = try await fixture.open()
            try fixture.database.psql(fixture.event(1))
            try fixture.database.psql(
                "ALTER TABLE outbox ADD COLUMN more text DEFAULT 'x', ALTER COLUMN type TYPE text;" + fixture.event(2))
            var carrier = Carrier()
            do {
                try await carrier.drain(outbox)
            } catch let error as FleetError {
                // What it knew of the table is void: whoever captures begins anew.
                #expect(!error.waitingHelps, "\(error)")
            }
            await outbox.close()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == [1, 2])
            try fixture.database.psql("DROP TABLE outbox")
            if mode == .poll {
                try await checkThrows(.notApplied) { _ = try await fixture.open() }
            }
        }

        @Test(arguments: CaptureMode.allCases)
        func whatCannotBeConnectedTo(mode: CaptureMode) async throws {
            let server = try await Self.plain.value
            let fixture = try await CaptureFixture(mode, applies: false)
            func expect(_ url: String, _ code: FleetError.Code, _ words: String) async throws {
                let address = PostgresAddress(url: url, name: "store of orders")
                for body in [
                    { _ = try await fixture.apply(at: address) }, { _ = try await fixture.open(at: address) },
                ] as [() async throws -> Void] {
                    let error = try await checkThrows(code) { try await body() }
                    #expect(error.message.contains("store of orders"))
                    #expect(error.description.contains(words), "\(error)")
                    #expect(!error.description.contains("secret"), "\(error)")
                }
            }
            try await expect(
                "postgres://mallory:secret@127.0.0.1:\(server.port)/postgres", .denied, "password")
            try await expect("postgres://flotilla:secret@127.0.0.1:1/postgres", .unavailable, "127.0.0.1")
            try await expect(
                "postgres://mallory:right@127.0.0.1:\(server.port)/no_such_one", .missing, "no such database")
            try await expect("postgres://mallory:secret@[::1/postgres", .invalidInput, "URL")
        }
    }
#endif
