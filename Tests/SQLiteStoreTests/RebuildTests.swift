import FleetCore
import Foundation
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct RebuildTests {
    private static let view = ViewNeeds(
        subscription: SubscriptionName(
            service: ServiceName(unchecked: "orders"), view: ViewName(unchecked: "totals")),
        schema: """
            CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL);
            CREATE TABLE totals (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
                cents INTEGER NOT NULL,
                euros REAL GENERATED ALWAYS AS (cents / 100.0) STORED,
                label TEXT GENERATED ALWAYS AS (customer || ': ' || cents)
            );
            CREATE INDEX totals_by_customer ON totals (customer);
            CREATE TABLE changes (what TEXT);
            CREATE TRIGGER on_total AFTER INSERT ON totals BEGIN INSERT INTO changes VALUES (new.customer); END;
            CREATE VIEW rich AS SELECT * FROM totals WHERE cents > 1000;
            """)

    /// A file with the view, some old content, and a table of the service's own.
    private func prepare() async throws -> (file: OutboxFile, rebuild: SQLiteRebuild) {
        let file = try await OutboxFile()
        let needs = StoreNeeds(outbox: OutboxFile.needs(), views: [Self.view])
        _ = try await SQLiteSetup(path: file.path, name: "orders.db").apply(needs)
        try await file.store.write { transaction in
            try transaction.script(
                """
                CREATE TABLE own (id TEXT PRIMARY KEY, name TEXT);
                INSERT INTO own VALUES ('a', 'Anna');
                INSERT INTO customers VALUES ('old', 'Old');
                INSERT INTO totals (customer, cents) VALUES ('old', 5);
                INSERT INTO flotilla_subscriptions VALUES (1, 'totals', 'orders', 3, 0, 'x', x'03'), (2, 'other', 'orders', 9, 0, 'x', x'09');
                INSERT INTO flotilla_inbox VALUES (1, x'01', 1), (2, x'02', 2);
                """)
        }
        return (file, SQLiteRebuild(Self.view, path: file.path, name: "orders.db"))
    }

    private func fill(_ scratch: any Store) async throws {
        try await scratch.write { transaction in
            try transaction.script(
                """
                INSERT INTO customers SELECT id, name FROM own;
                INSERT INTO totals (customer, cents) VALUES ('a', 150), ('a', 2000), ('a', 7);
                DELETE FROM totals WHERE number = 3;
                INSERT INTO flotilla_subscriptions VALUES (1, 'totals', 'orders', 8, 2, 'x', x'08');
                INSERT INTO flotilla_inbox VALUES (1, x'0A', 7), (1, x'0B', 8);
                """)
        }
    }

    private func content(_ store: SQLiteStore) async throws -> [[[SQLValue]]] {
        try await store.read { transaction in
            try [
                "SELECT * FROM customers", "SELECT number, customer, cents, euros, label FROM totals ORDER BY number",
                "SELECT * FROM changes", "SELECT number FROM rich",
                "SELECT name, stream, position, begun_at, last_event_id FROM flotilla_subscriptions ORDER BY name DESC",
                """
                SELECT s.name, i.event_id, i.position FROM flotilla_inbox i
                JOIN flotilla_subscriptions s ON s.number = i.subscription ORDER BY i.event_id
                """,
                "SELECT * FROM own",
            ].map { try transaction.rows($0).map(\.values) }
        }
    }

    private static let rebuilt: [[[SQLValue]]] = [
        [["a", "Anna"]], [[1, "a", 150, 1.5, "a: 150"], [2, "a", 2000, 20.0, "a: 2000"]], [["a"], ["a"], ["a"]], [[2]],
        [["totals", "orders", 8, 2, .bytes([8])], ["other", "orders", 9, 0, .bytes([9])]],
        [["other", .bytes([2]), 2], ["totals", .bytes([10]), 7], ["totals", .bytes([11]), 8]], [["a", "Anna"]],
    ]

    @Test func theNewViewTakesThePlaceOfTheOld() async throws {
        let (file, rebuild) = try await prepare()
        let before = try await content(file.store)
        let scratch = try await rebuild.begin()
        try await fill(scratch)
        #expect(try await content(file.store) == before)
        await scratch.close()
        try await rebuild.swap()
        #expect(try await content(file.store) == Self.rebuilt)
        try await file.store.write { transaction in
            // Triggers, counters and foreign keys work as before.
            try transaction.run("INSERT INTO totals (customer, cents) VALUES ('a', 1)")
            #expect(try transaction.firstRow("SELECT max(number) FROM totals")?[0] == 4)
            #expect(try transaction.rows("SELECT * FROM changes").count == 4)
            let plan = try transaction.rows("EXPLAIN QUERY PLAN SELECT * FROM totals WHERE customer = 'a'")
            #expect(plan.first?["detail"].text?.contains("totals_by_customer") == true)
            #expect(throws: FleetError.self) {
                try transaction.run("INSERT INTO totals (customer, cents) VALUES ('nobody', 1)")
            }
        }
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: file.directory.path)
        #expect(leftovers.filter { $0.contains("rebuild") } == [])
        let needs = StoreNeeds(outbox: OutboxFile.needs(), views: [Self.view])
        let plan = try await SQLiteSetup(path: file.path, name: "orders.db").plan(needs)
        #expect(plan.steps == [] && plan.notices == [])
    }

    @Test func aSecondRebuildBeginsAnew() async throws {
        let (file, rebuild) = try await prepare()
        for _ in 0..<2 {
            let scratch = try await rebuild.begin()
            let count = try await scratch.read { try $0.firstRow("SELECT count(*) FROM totals")?[0] }
            #expect(count == 0)
            try await fill(scratch)
            await scratch.close()
        }
        try await rebuild.swap()
        #expect(try await content(file.store) == Self.rebuilt)
    }

    @Test func anAbandonedRebuildLeavesNothing() async throws {
        let (file, rebuild) = try await prepare()
        let before = try await content(file.store)
        let scratch = try await rebuild.begin()
        try await fill(scratch)
        await scratch.close()
        await rebuild.abandon()
        #expect(try await content(file.store) == before)
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: file.directory.path)
        #expect(leftovers.filter { $0.contains("rebuild") } == [])
    }

    @Test(arguments: [
        "INSERT INTO own VALUES ('b', 'Bert')", "UPDATE own SET name = 'x'", "DELETE FROM own", "DROP TABLE own",
        "UPDATE live.totals SET cents = 0",
    ])
    func aStatementThatWritesBeyondItsViewFails(sql: String) async throws {
        let (file, rebuild) = try await prepare()
        let before = try await content(file.store)
        let scratch = try await rebuild.begin()
        try await fill(scratch)
        try await checkThrows(.readOnly) { try await scratch.write { try $0.script(sql) } }
        await scratch.close()
        #expect(try await content(file.store) == before)
        try await rebuild.swap()
        #expect(try await content(file.store) == Self.rebuilt)
    }

    @Test func aSwapThatFailsChangesNothing() async throws {
        let (file, rebuild) = try await prepare()
        let scratch = try await rebuild.begin()
        try await fill(scratch)
        await scratch.close()
        // A table of the service's own stands where the view's schema wants one.
        try await file.store.write { try $0.script("DROP TABLE changes; CREATE VIEW changes AS SELECT 1 AS what") }
        try await checkThrows(.statement) { try await rebuild.swap() }
        try await file.store.write { try $0.script("DROP VIEW changes; CREATE TABLE changes (what TEXT)") }
        let kept = try await file.store.read { try $0.rows("SELECT customer FROM totals").map { $0[0] } }
        #expect(kept == ["old"])
    }

    @Test func pathsOfAnyCharactersAreAttached() async throws {
        let directory = try TemporaryDirectory()
        let odd = directory.file("a b?c#d%20é&mode=rw")
        try FileManager.default.createDirectory(atPath: odd, withIntermediateDirectories: true)
        let path = odd + "/orders 100%.db"
        let needs = StoreNeeds(outbox: nil, views: [Self.view])
        _ = try await SQLiteSetup(path: path, name: "orders.db").apply(needs)
        let store = try SQLiteStore(path: path)
        try await store.write {
            try $0.script("CREATE TABLE own (id TEXT, name TEXT); INSERT INTO own VALUES ('a', 'Anna')")
        }
        let rebuild = SQLiteRebuild(Self.view, path: path, name: "orders.db")
        let scratch = try await rebuild.begin()
        try await fill(scratch)
        try await checkThrows(.readOnly) { try await scratch.write { try $0.script("DELETE FROM own") } }
        await scratch.close()
        try await rebuild.swap()
        let count = try await store.read { try $0.firstRow("SELECT count(*) FROM totals")?[0] }
        #expect(count == 2)
        await store.close()
    }
}
