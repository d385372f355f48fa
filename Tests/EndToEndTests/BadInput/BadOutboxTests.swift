import GRDB
import Testing

/// Outbox tables that are there already and cannot serve, or serve although they are not Flotilla's own.
@Suite(.serialized, .lanes) struct BadOutboxTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var table: String
        var words: String
        var testDescription: String { name }
    }

    static let shapes: [Shape] = [
        Shape(
            name: "a column is missing",
            table: "CREATE TABLE outbox (id TEXT, aggregatetype TEXT, type TEXT, payload TEXT)",
            words: "lacks column aggregateid"),
        Shape(name: "columns are missing", table: "CREATE TABLE outbox (id TEXT)", words: "lacks columns"),
        Shape(
            name: "the id is a number",
            table: "CREATE TABLE outbox (id INTEGER PRIMARY KEY, aggregatetype, aggregateid, type, payload)",
            words: "column id is INTEGER"),
        Shape(
            name: "the payload is a number",
            table: "CREATE TABLE outbox (id TEXT, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload REAL)",
            words: "column payload is REAL"),
        Shape(
            name: "it has no row ids",
            table: """
                CREATE TABLE outbox (id TEXT PRIMARY KEY, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload TEXT)
                WITHOUT ROWID
                """, words: "WITHOUT ROWID"),
        Shape(name: "it is a view", table: "CREATE VIEW outbox AS SELECT 1 AS id", words: "is a view"),
    ]

    @Test(arguments: shapes) func isRefusedWithTheReason(_ shape: Shape) async throws {
        let fleet = try FleetDirectory(ExitCodeTests.yaml)
        let shop = try fleet.store("shop.db")
        try await shop.write { try $0.execute(sql: shape.table) }
        for command in ["plan", "apply"] {
            let result = try await fleet.flotilla(command)
            #expect(result.ended(1), "\(result.said)")
            #expect(result.errors.contains(shape.words), "\(result.said)")
            #expect(result.errors.contains("shop.db"), "\(result.said)")
        }
    }

    @Test func runThatCannotReadAnOutboxSaysSo() async throws {
        let fleet = try FleetDirectory(ExitCodeTests.yaml)
        #expect(try await fleet.flotilla("apply").ended(0))
        try await fleet.store("shop.db").write { try $0.execute(sql: "ALTER TABLE outbox DROP COLUMN aggregateid") }
        let run = try await fleet.flotilla("run", "--until-idle")
        #expect(run.ended(1), "\(run.said)")
        #expect(run.errors.contains("lacks column aggregateid"), "\(run.said)")
    }

    /// A table that a service already uses with Debezium's outbox event router: no column of Flotilla's own.
    @Test(arguments: ["rowid TEXT, ", "", "number INTEGER PRIMARY KEY, "]) func tableOfAnotherMakerServes(
        _ extra: String
    ) async throws {
        let fleet = try FleetDirectory(ExitCodeTests.yaml)
        let shop = try fleet.store("shop.db")
        try await shop.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE outbox (\(extra)id BLOB, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload BLOB)
                    """)
        }
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        for round in 0..<50 {
            try await shop.publish(
                OutboxRow(key: "K\(round)", type: "Sold", payload: "{\"amount\": 1}"),
                OutboxRow(key: "L\(round)", type: "Sold", payload: "{\"amount\": 1}"))
            // Every now and then the table runs empty, and SQLite begins anew with row ids.
            if round % 10 == 0 {
                try await eventually("the table is empty") {
                    try await shop.integer("SELECT count(*) FROM outbox") == 0
                }
            }
        }
        try await eventually("all arrive") { try await shop.integer("SELECT sum(amount) FROM sales") == 100 }
        try await eventually("all are removed") { try await shop.integer("SELECT count(*) FROM outbox") == 0 }
        run.kill()
        try await run.end()
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
    }
}
