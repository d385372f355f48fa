#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct RebuildSurroundingsTests {
        @Test(arguments: [
            ("CREATE VIEW report AS SELECT * FROM rich", "view report depends on public.rich"),
            (
                "CREATE MATERIALIZED VIEW report AS SELECT * FROM totals",
                "materialized view report depends on public.totals"
            ),
            ("CREATE TABLE orders (total INT REFERENCES totals (number))", "orders_total_fkey on public.orders"),
            ("CREATE TABLE happy (mood mood)", "public.happy.mood depends on public.mood"),
            ("CREATE TABLE later (n BIGINT DEFAULT nextval('tickets'))", "later.n depends on public.tickets"),
            (
                "CREATE FUNCTION f(totals) RETURNS INT LANGUAGE SQL AS 'SELECT 1'",
                "f(public.totals) depends on public.totals"
            ),
            ("CREATE TABLE child () INHERITS (changes)", "child depends on public.changes"),
        ])
        func whatDependsOnTheViewIsNamedAndStays(sql: String, what: String) async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            try service.psql(sql)
            let before = try RebuildFixture.content(service)
            let error = try await checkThrows(.invalidInput) { try await rebuild.swap() }
            #expect(error.message.contains(what), "\(error)")
            #expect(try RebuildFixture.content(service) == before)
            // It is seen before the work as well.
            try await checkThrows(.invalidInput) { try await rebuild.begin() }
        }

        @Test(arguments: [
            ("CREATE INDEX by_hand ON totals (cents)", "index by_hand", false),
            ("ALTER TABLE totals ADD remark TEXT", "column totals.remark", false),
            ("ALTER TABLE totals ADD CONSTRAINT even CHECK (cents <> 3)", "table constraint even on totals", false),
            (
                "CREATE TRIGGER tell AFTER UPDATE ON totals FOR EACH ROW EXECUTE FUNCTION note()",
                "trigger tell on totals", true
            ),
            ("CREATE POLICY mine ON totals USING (true)", "policy mine on totals", true),
            ("CREATE RULE never AS ON DELETE TO totals DO INSTEAD NOTHING", "rule never on totals", true),
            ("CREATE PUBLICATION p FOR TABLE totals", "totals in publication p", true),
            (
                "CREATE TABLE parts_2021 PARTITION OF parts FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
                "table parts_2021", false
            ),
        ])
        func whatWasAddedToTheViewByHandIsNamed(sql: String, what: String, always: Bool) async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            try service.psql(sql)
            let error = try await checkThrows(.invalidInput) { try await rebuild.begin() }
            #expect(error.message.contains(what), "\(error)")
            // Where the schema is another, it may be what the old one made and the new one does not.
            let changed = PostgresRebuild(
                .totals(RebuildFixture.schema + "CREATE TABLE more (id INT);"), address: service.address)
            if always {
                try await checkThrows(.invalidInput) { try await changed.begin() }
            } else {
                await (try changed.begin()).close()
            }
        }

        @Test func aNewSchemaReplacesTheOld() async throws {
            let (service, _) = try await RebuildFixture.prepareFull()
            let view = ViewNeeds.totals(
                "CREATE TABLE totals (id TEXT PRIMARY KEY); CREATE VIEW customers AS TABLE totals")
            let rebuild = PostgresRebuild(view, address: service.address)
            let scratch = try await rebuild.begin()
            try await scratch.write { try $0.script("INSERT INTO totals VALUES ('x')") }
            await scratch.close()
            try await rebuild.swap()
            #expect(try service.psql("TABLE customers") == "x")
            let left = try service.psql(
                """
                SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p')
                    AND relname NOT LIKE 'flotilla%' ORDER BY 1;
                SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace;
                SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'r', 'd', 'm')
                """)
            #expect(left == "customers\nown\ntotals")
            #expect(try await service.plan([view]).notices == [])
        }

        @Test func whoMayUseTheViewMayUseTheNewOne() async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let names = (reader: "reader_\(service.database)", owner: "owner_\(service.database)")
            try service.psql(
                """
                CREATE ROLE \(names.reader); CREATE ROLE \(names.owner); GRANT CREATE ON SCHEMA public TO \(names.owner);
                GRANT SELECT, UPDATE (cents) ON totals TO \(names.reader) WITH GRANT OPTION;
                GRANT SELECT ON rich TO PUBLIC; GRANT USAGE ON SEQUENCE tickets TO \(names.reader);
                GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(names.reader);
                REVOKE ALL ON FUNCTION is_glad FROM PUBLIC; GRANT EXECUTE ON FUNCTION is_glad TO \(names.reader);
                ALTER TABLE totals OWNER TO \(names.owner); ALTER TYPE mood OWNER TO \(names.owner);
                ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO \(names.reader);
                """)
            let privileges = """
                SELECT relname, ARRAY(SELECT unnest(relacl)::text ORDER BY 1), pg_get_userbyid(relowner) FROM pg_class WHERE relacl IS NOT NULL
                    AND relnamespace = 'public'::regnamespace ORDER BY 1;
                SELECT attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid = 'totals'::regclass;
                SELECT proname, proacl FROM pg_proc WHERE proacl IS NOT NULL AND pronamespace = 'public'::regnamespace ORDER BY 1;
                SELECT typname, pg_get_userbyid(typowner) FROM pg_type WHERE typnamespace = 'public'::regnamespace
                    AND typname IN ('mood', 'span', 'totals') ORDER BY 1
                """
            let before = try service.psql(privileges)
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            try await rebuild.swap()
            let after = try service.psql(privileges)
            #expect(after == before, "\(after)\n\n\(before)")
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
            // What is new in the view is given as everything in the schema is.
            let more = PostgresRebuild(
                .totals(RebuildFixture.schema + "CREATE TABLE more (id INT)"), address: service.address)
            await (try more.begin()).close()
            try await more.swap()
            #expect(try service.psql("SET ROLE \(names.reader); SELECT count(*) FROM more") == "0")
        }

        @Test func aRoleWithoutSpecialRightsMayRebuildWhatIsItsOwn() async throws {
            let owner = try await ServiceDatabase()
            let role = "plain_\(owner.database)"
            try owner.psql(
                """
                CREATE ROLE \(role) LOGIN; CREATE SCHEMA orders AUTHORIZATION \(role); REVOKE ALL ON SCHEMA public FROM PUBLIC;
                """)
            let address = PostgresAddress(
                url: owner.server.url(owner.database, user: role), name: "postgres/\(owner.database)", schema: "orders")
            _ = try await PostgresSetup(address).apply(StoreNeeds(outbox: nil, views: []))
            try owner.psql(
                "SET ROLE \(role); CREATE TABLE orders.own (id TEXT PRIMARY KEY, name TEXT); INSERT INTO orders.own VALUES ('a', 'Anna')"
            )
            let view = ViewNeeds.totals(
                RebuildFixture.schema.replacing("CREATE TYPE span AS RANGE (SUBTYPE = BIGINT);", with: "").replacing(
                    "span span DEFAULT span(1, 2),", with: ""))
            _ = try await PostgresSetup(address).apply(StoreNeeds(outbox: nil, views: [view]))
            let rebuild = PostgresRebuild(view, address: address)
            let error = try await checkThrows(.denied) { try await rebuild.begin() }
            #expect(error.message.contains("permission denied for database"))
            try owner.psql("GRANT CREATE ON DATABASE \(owner.database) TO \(role)")
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            try await rebuild.swap()
            let range = PostgresRebuild(RebuildFixture.view, address: address)
            #expect(
                try await checkThrows(.invalidInput) { try await range.begin() }.message.contains("range type span"))
            #expect(
                try owner.psql(
                    "SELECT number FROM orders.rich; SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fl%'") == "2")
        }
    }
#endif
