#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct RebuildWriteTests {
        @Test(arguments: [
            ("INSERT INTO own VALUES ('b', 'Bert')", "public.own"),
            ("UPDATE own SET name = 'x' WHERE false", "public.own"),
            ("DELETE FROM own WHERE id = 'none'", "public.own"), ("TRUNCATE public.changes", "public.changes"),
            ("DROP TABLE public.changes", "public.changes"),
            ("UPDATE public.totals SET cents = 0", "public.totals"),
            ("SELECT write_elsewhere()", "public.own"), ("SELECT nextval('public.tickets')", "public.tickets"),
            ("INSERT INTO audit.entries VALUES (1)", "audit.entries"),
            ("COPY own FROM PROGRAM 'true'", "public.own"), ("ALTER TABLE own ADD extra INT", "public.own"),
            (
                "INSERT INTO flotilla_outboxes SELECT * FROM public.flotilla_outboxes FOR UPDATE; LOCK own IN SHARE MODE",
                "public.own"
            ),
            ("INSERT INTO lazy VALUES (1)", "public.own"),
        ])
        func aStatementThatWritesBeyondItsViewFails(sql: String, table: String) async throws {
            let view = ViewNeeds.totals(
                RebuildFixture.schema + """
                    CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
                        BEGIN INSERT INTO own VALUES ('late', ''); RETURN new; END $$;
                    CREATE TABLE lazy (id INT);
                    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON lazy DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION late();
                    """)
            let (service, rebuild) = try await RebuildFixture.prepare(view: view)
            try service.psql(
                """
                CREATE SCHEMA audit; CREATE TABLE audit.entries (id INT);
                CREATE FUNCTION write_elsewhere() RETURNS VOID LANGUAGE SQL AS $$ UPDATE own SET name = 'x' $$;
                """)
            let before = try RebuildFixture.content(service)
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            let error = try await checkThrows(.readOnly) { try await scratch.write { try $0.script(sql) } }
            #expect(error.message.contains(table) && error.underlying?.contains(table) == true, "\(error)")
            await scratch.close()
            #expect(try RebuildFixture.content(service) == before)
            try await rebuild.swap()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
        }

        @Test func whatIsUndoneWroteNothing() async throws {
            let (_, rebuild) = try await RebuildFixture.prepare()
            let scratch = try await rebuild.begin()
            try await scratch.write { transaction in
                try? transaction.savepoint {
                    try transaction.script("INSERT INTO own VALUES ('b', 'Bert')")
                    throw FleetError(.badEvent, "on purpose")
                }
                try transaction.script("CREATE TEMP TABLE helper ON COMMIT DROP AS SELECT * FROM own FOR KEY SHARE")
            }
            await scratch.close()
            await rebuild.abandon()
        }

        @Test(arguments: [
            ("CREATE INDEX ON own (name)", "public.own"), ("ALTER TABLE own ADD extra INT", "public.own"),
            ("CREATE TRIGGER t BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION note()", "trigger t on own"),
            ("DROP FUNCTION IF EXISTS services()", "routine services()"), ("DROP TABLE spare", "public.spare"),
            ("CREATE TABLE public.more (id INT)", "public.more"),
            ("INSERT INTO own VALUES ('b', 'Bert')", "public.own"),
        ])
        func aSchemaThatChangesTheServicesOwnIsRefused(sql: String, what: String) async throws {
            let (service, _) = try await RebuildFixture.prepare()
            try service.psql(
                "CREATE FUNCTION services() RETURNS INT LANGUAGE SQL AS 'SELECT 1'; CREATE TABLE spare (id INT)")
            let rebuild = PostgresRebuild(.totals(RebuildFixture.schema + sql), address: service.address)
            let error = try await checkThrows(.invalidInput) { try await rebuild.begin() }
            #expect(error.message.contains(what), "\(error)")
            #expect(try RebuildFixture.leftovers(service) == "")
            try service.psql("SELECT services(); TABLE spare; INSERT INTO own VALUES ('c', 'Carl')")
        }
    }
#endif
