import FleetCore
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct SetupTests {
    private static let lines = ViewNeeds(
        subscription: subscription("order_lines"),
        schema: "CREATE TABLE order_lines (id TEXT PRIMARY KEY, name TEXT); CREATE INDEX by_name ON order_lines (name);"
    )

    private static func subscription(_ view: String) -> SubscriptionName {
        SubscriptionName(service: ServiceName(unchecked: "orders"), view: ViewName(unchecked: view))
    }

    private static func needs(_ views: [ViewNeeds] = [lines]) -> StoreNeeds {
        StoreNeeds(outbox: OutboxFile.needs(), views: views)
    }

    /// A place for a file, what sets it up, and how many tables and indexes it has.
    private struct Place {
        let directory: TemporaryDirectory
        var path: String { directory.file("orders.db") }
        var setup: SQLiteSetup { SQLiteSetup(path: path, name: "orders.db") }

        init() throws { directory = try TemporaryDirectory() }

        func withStore<Result>(_ body: (SQLiteStore) async throws -> Result) async throws -> Result {
            let store = try SQLiteStore(path: path)
            let result = try await body(store)
            await store.close()
            return result
        }

        func objects() async throws -> [String] {
            try await withStore { store in
                try await store.read { transaction in
                    let rows = try transaction.rows(
                        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' AND name NOT LIKE 'flotilla%' ORDER BY 1"
                    )
                    return rows.compactMap { $0[0].text }
                }
            }
        }
    }

    @Test func appliesWhatItPlansAndThenNothingMore() async throws {
        let place = try Place()
        let planned = try await place.setup.plan(Self.needs())
        #expect(planned.steps.count == 4)
        #expect(throws: (any Error).self) { try SQLiteStore(path: place.path) }
        let applied = try await place.setup.apply(Self.needs())
        #expect(applied.steps == planned.steps)
        #expect(try await place.objects() == ["by_name", "order_lines", "outbox"])
        for _ in 0..<2 {
            #expect(try await place.setup.plan(Self.needs()).steps == [])
            #expect(try await place.setup.apply(Self.needs()).steps == [])
        }
        #expect(try await place.setup.plan(Self.needs()).notices == [])
    }

    @Test func aFileInRollbackJournalModeIsSwitchedToWAL() async throws {
        guard let python = Command("python3") else { return }
        let place = try Place()
        let script = """
            import sqlite3, sys
            connection = sqlite3.connect(sys.argv[1])
            connection.execute('CREATE TABLE own (id INTEGER)')
            connection.execute('INSERT INTO own VALUES (5)')
            connection.commit()
            """
        try python.succeed(["-c", script, place.path])
        let planned = try await place.setup.plan(Self.needs())
        #expect(planned.steps.contains(SetupStep("switch the database to WAL mode")))
        let applied = try await place.setup.apply(Self.needs())
        #expect(applied.steps == planned.steps)
        #expect(try await place.setup.plan(Self.needs()).steps == [])
        try await place.withStore { store in
            let mode = try await store.write { try $0.firstRow("PRAGMA journal_mode")?[0].text }
            #expect(mode == "wal")
            let own = try await store.read { try $0.firstRow("SELECT id FROM own")?[0].integer }
            #expect(own == 5)
        }
    }

    @Test func aFileOfANewerVersionIsLeftAlone() async throws {
        let place = try Place()
        _ = try await place.setup.apply(Self.needs([]))
        try await place.withStore { store in
            try await store.write { _ = try $0.run("UPDATE flotilla_schema SET version = 999") }
        }
        for call in [place.setup.plan, place.setup.apply] {
            let error = try await checkThrows(.invalidInput) { try await call(Self.needs()) }
            #expect(error.message.contains("orders.db") && error.message.contains("newer"))
            #expect(error.remedy != nil)
        }
        #expect(try await place.objects() == ["outbox"])
    }

    @Test func aSchemaThatFailsNamesItsViewAndLeavesNothingBehind() async throws {
        let place = try Place()
        let broken = ViewNeeds(
            subscription: Self.subscription("broken"),
            schema: "CREATE TABLE half (id INTEGER); CREATE TABEL other (id);")
        let error = try await checkThrows(.statement) { try await place.setup.apply(Self.needs([Self.lines, broken])) }
        #expect(error.message.contains("orders.broken") && error.message.contains("TABEL"))
        #expect(try await place.objects() == [])
        let clash = ViewNeeds(
            subscription: Self.subscription("clash"), schema: "CREATE TABLE order_lines (id INTEGER);")
        _ = try await place.setup.apply(Self.needs())
        let second = try await checkThrows(.statement) { try await place.setup.apply(Self.needs([Self.lines, clash])) }
        #expect(second.message.contains("orders.clash") && second.message.contains("order_lines"))
        #expect(try await place.setup.plan(Self.needs()).steps == [])
    }

    @Test func aViewThatIsNoLongerDeclaredIsForgotten() async throws {
        let place = try Place()
        _ = try await place.setup.apply(Self.needs())
        try await place.withStore { store in
            try await store.write { transaction in
                try transaction.script(
                    """
                    INSERT INTO flotilla_subscriptions VALUES (1, 'order_lines', 'stock', 7, 0, 'x', NULL), (2, 'other', 'stock', 8, 0, 'x', NULL);
                    INSERT INTO flotilla_inbox VALUES (1, x'01', 1), (2, x'02', 2);
                    INSERT INTO flotilla_parked (place, stream, position, event_id, event_type, event_key,
                        aggregate_type, event_time, payload, attempts, parked_at)
                    VALUES ('view/order_lines', 'stock', 1, '', '', '', '', 0, x'', 1, 0),
                        ('outbox', 'orders', 1, '', '', '', '', 0, x'', 1, 0);
                    """)
            }
        }
        let planned = try await place.setup.plan(Self.needs([]))
        #expect(planned.steps.map(\.description).contains { $0.contains("order_lines") })
        #expect(try await place.setup.apply(Self.needs([])).steps == planned.steps)
        #expect(try await place.setup.plan(Self.needs([])).steps == [])
        // Its tables stay; they are the service's now.
        #expect(try await place.objects() == ["by_name", "order_lines", "outbox"])
        try await place.withStore { store in
            let left = try await store.read { transaction in
                try ["flotilla_subscriptions", "flotilla_inbox", "flotilla_parked", "flotilla_views"].map { table in
                    try transaction.firstRow("SELECT count(*) FROM \(table)")?[0].integer
                }
            }
            #expect(left == [1, 1, 1, 0])
        }
    }

    @Test func aSchemaThatDiffersIsNoticedAndLeftAlone() async throws {
        let place = try Place()
        _ = try await place.setup.apply(Self.needs())
        var changed = Self.lines
        changed.schema = "CREATE TABLE order_lines (id TEXT PRIMARY KEY);"
        let plan = try await place.setup.plan(Self.needs([changed]))
        #expect(plan.steps == [])
        #expect(plan.notices.count == 1)
        #expect(plan.notices.first?.contains("flotilla views rebuild orders.order_lines") == true)
        #expect(try await place.setup.apply(Self.needs([changed])).notices == plan.notices)
    }

    @Test func anOutboxThatIsThereIsNotTouched() async throws {
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        try await file.add(1)
        let setup = SQLiteSetup(path: file.path, name: "orders.db")
        #expect(try await setup.apply(Self.needs([])).steps == [])
        let sql = try await file.store.read {
            try $0.firstRow("SELECT sql FROM sqlite_master WHERE name = 'outbox'")?[0].text
        }
        #expect(sql == OutboxFile.foreignSchema)
        #expect(try await file.numbers() == [1])
    }
}
