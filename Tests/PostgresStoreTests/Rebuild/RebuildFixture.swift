#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit

    /// A view of everything that a schema can make, in a service's schema, and what a rebuild is to make of it.
    enum RebuildFixture {
        static let schema = """
            CREATE TYPE mood AS ENUM ('glum', 'glad');
            CREATE DOMAIN cents AS BIGINT CHECK (VALUE >= 0);
            CREATE TYPE span AS RANGE (SUBTYPE = BIGINT);
            CREATE TYPE place AS (city TEXT, zip TEXT);
            CREATE FUNCTION euros(amount BIGINT) RETURNS NUMERIC LANGUAGE SQL IMMUTABLE AS 'SELECT amount / 100.0';
            CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL, mood mood DEFAULT 'glad', first_total INT);
            CREATE TABLE totals (
                number INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                serial SERIAL,
                customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
                own TEXT REFERENCES own (id),
                cents cents NOT NULL,
                euros NUMERIC GENERATED ALWAYS AS (euros(cents::bigint)) STORED,
                span span DEFAULT span(1, 2),
                place place,
                UNIQUE (customer, number),
                CONSTRAINT not_too_much CHECK (cents < 1000000)
            );
            ALTER TABLE customers ADD FOREIGN KEY (first_total) REFERENCES totals (number);
            CREATE INDEX totals_by_customer ON totals (customer);
            CREATE STATISTICS totals_by_both ON customer, own FROM totals;
            CREATE TABLE changes (what TEXT);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO changes VALUES (new.customer); RETURN new; END $$;
            CREATE TRIGGER on_total AFTER INSERT ON totals FOR EACH ROW EXECUTE FUNCTION note();
            CREATE VIEW rich AS SELECT * FROM totals WHERE cents > 1000;
            CREATE MATERIALIZED VIEW richest AS SELECT max(cents) AS cents FROM rich;
            CREATE FUNCTION is_glad(mood) RETURNS BOOLEAN LANGUAGE SQL AS $$ SELECT $1 = 'glad' $$;
            CREATE PROCEDURE cheer(who TEXT) LANGUAGE SQL AS $$ UPDATE customers SET mood = 'glad' WHERE id = who $$;
            CREATE AGGREGATE summed (BIGINT) (SFUNC = int8pl, STYPE = BIGINT);
            CREATE FUNCTION same(place, place) RETURNS BOOLEAN LANGUAGE SQL AS $$ SELECT $1.city = $2.city $$;
            CREATE OPERATOR === (LEFTARG = place, RIGHTARG = place, FUNCTION = same);
            CREATE TABLE parts (id INT, at DATE, mood mood, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE parts_2020 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
            CREATE SEQUENCE tickets;
            CREATE TABLE "Odd ""name"" of it" (mood mood[]);
            """
        static let view = ViewNeeds.totals(schema)

        static func prepare(
            schema: String? = nil, view: ViewNeeds = view, patience: Duration = .seconds(30)
        ) async throws -> (ServiceDatabase, PostgresRebuild) {
            let service = try await ServiceDatabase(schema: schema)
            try await service.apply()
            try service.psql("CREATE TABLE own (id TEXT PRIMARY KEY, name TEXT); INSERT INTO own VALUES ('a', 'Anna')")
            try await service.apply([view])
            try service.psql(
                """
                INSERT INTO flotilla_subscriptions VALUES (1, 'totals', 'orders', 3, 0, 'x'), (2, 'other', 'orders', 9, 0, 'x');
                SELECT setval(pg_get_serial_sequence('flotilla_subscriptions', 'number'), 2);
                INSERT INTO flotilla_inbox VALUES (1, '\\x01', 1), (2, '\\x02', 2);
                INSERT INTO flotilla_parked (place, stream, position, event_id, event_type, event_key, aggregate_type,
                    event_time, payload, attempts, parked_at)
                VALUES ('view/totals', 'orders', 3, 'old', 't', 'k', 'a', 0, '', 1, 0),
                    ('view/other', 'orders', 3, 'other', 't', 'k', 'a', 0, '', 1, 0);
                """)
            return (service, PostgresRebuild(view, address: service.address, patience: patience))
        }

        static func prepareFull(
            schema: String? = nil, patience: Duration = .seconds(30)
        ) async throws -> (ServiceDatabase, PostgresRebuild) {
            let (service, rebuild) = try await prepare(schema: schema, patience: patience)
            try service.psql(
                "INSERT INTO customers VALUES ('old', 'Old'); INSERT INTO totals (customer, cents) VALUES ('old', 5)")
            return (service, rebuild)
        }

        static func fill(_ scratch: any Store) async throws {
            try await scratch.write { transaction in
                try transaction.script(
                    """
                    INSERT INTO totals (customer, own, cents, place) VALUES ('a', 'a', 150, ('Ulm', '1')), ('a', 'a', 2000, NULL),
                        ('a', 'a', 7, NULL);
                    INSERT INTO customers SELECT id, name, 'glum', 1 FROM own;
                    DELETE FROM totals WHERE number = 3;
                    INSERT INTO parts VALUES (1, '2020-02-02', 'glad');
                    REFRESH MATERIALIZED VIEW richest;
                    SELECT nextval('tickets');
                    INSERT INTO "Odd ""name"" of it" VALUES ('{glum}');
                    INSERT INTO flotilla_subscriptions VALUES (1, 'totals', 'orders', 8, 2, 'x'), (7, 'totals', 'stock', 1, 1, 'y');
                    INSERT INTO flotilla_inbox VALUES (1, '\\x0a', 7), (1, '\\x0b', 8), (7, '\\x0b', 1);
                    INSERT INTO flotilla_parked (place, stream, position, event_id, event_type, event_key, aggregate_type,
                        event_time, payload, attempts, parked_at)
                    VALUES ('view/totals', 'orders', 8, 'new', 't', 'k', 'a', 0, '\\x0000', 1, 0);
                    """)
            }
        }

        static func content(_ service: ServiceDatabase) throws -> String {
            try service.psql(
                """
                SELECT id, name, mood, first_total, is_glad(mood) FROM customers;
                SELECT number, serial, customer, own, cents, euros, span, place FROM totals ORDER BY number;
                SELECT 'changes', what FROM changes; SELECT 'rich', number FROM rich; SELECT 'richest', * FROM richest;
                SELECT 'parts', * FROM parts; SELECT 'odd', * FROM "Odd ""name"" of it";
                SELECT name, stream, position, begun_at, stream_identity FROM flotilla_subscriptions ORDER BY name DESC, stream;
                SELECT s.name, s.stream, i.event_id, i.position FROM flotilla_inbox i
                LEFT JOIN flotilla_subscriptions s ON s.number = i.subscription ORDER BY i.event_id, s.stream;
                SELECT place, event_id, payload FROM flotilla_parked ORDER BY 1; SELECT 'own', * FROM own;
                """)
        }

        static let rebuilt = """
            a|Anna|glum|1|f
            1|1|a|a|150|1.5000000000000000|[1,2)|(Ulm,1)
            2|2|a|a|2000|20.0000000000000000|[1,2)|
            changes|a
            changes|a
            changes|a
            rich|2
            richest|2000
            parts|1|2020-02-02|glad
            odd|{glum}
            totals|orders|8|2|x
            totals|stock|1|1|y
            other|orders|9|0|x
            other|orders|\\x02|2
            totals|orders|\\x0a|7
            totals|orders|\\x0b|8
            totals|stock|\\x0b|1
            view/other|other|\\x
            view/totals|new|\\x0000
            own|a|Anna
            """

        /// What is left of a rebuild.
        static func leftovers(_ service: ServiceDatabase) throws -> String {
            try service.psql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'flotilla%'")
        }
    }
#endif
