import FleetCore
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct OutboxShapeTests {
    /// What is said of a table that cannot serve.
    private func refusal(of schema: String, keep: Duration = .zero) async throws -> String {
        let directory = try TemporaryDirectory()
        let path = directory.file("orders.db")
        let setup = SQLiteSetup(path: path, name: "orders.db")
        _ = try await setup.apply(StoreNeeds(outbox: nil, views: []))
        let store = try SQLiteStore(path: path)
        try await store.write { try $0.script(schema) }
        await store.close()
        let needs = StoreNeeds(outbox: OutboxFile.needs(keep: keep), views: [])
        let planned = try await checkThrows(.invalidInput) { try await setup.plan(needs) }
        let applied = try await checkThrows(.invalidInput) { try await setup.apply(needs) }
        let opened = try await checkThrows(.invalidInput) {
            try await SQLiteOutbox(
                path: path, name: "orders.db", table: OutboxFile.table, keep: keep, stream: OutboxFile.stream,
                watcher: nil)
        }
        #expect(planned.message == applied.message)
        #expect(planned.message == opened.message)
        #expect(planned.message.contains("outbox") && planned.message.contains("orders.db"))
        #expect(planned.remedy?.contains("aggregateid") == true)
        return planned.message
    }

    @Test func tablesThatCannotServeAreRefused() async throws {
        let withoutRowID = try await refusal(
            of: """
                CREATE TABLE outbox (id TEXT PRIMARY KEY, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload TEXT)
                WITHOUT ROWID
                """)
        #expect(withoutRowID.contains("WITHOUT ROWID"))
        let view = try await refusal(
            of: """
                CREATE VIEW outbox AS SELECT '' AS id, '' AS aggregatetype, '' AS aggregateid, '' AS type, '' AS payload
                """)
        #expect(view.contains("it is a view"))
        let lacking = try await refusal(of: "CREATE TABLE outbox (id TEXT, aggregateid TEXT, type TEXT)")
        #expect(lacking.contains("lacks columns aggregatetype, payload"))
    }

    @Test func everyReasonIsInOneMessage() async throws {
        let message = try await refusal(
            of: "CREATE TABLE outbox (id INTEGER, aggregatetype TEXT, type TEXT, payload REAL)", keep: .seconds(60))
        for part in ["column id is INTEGER", "column payload is REAL", "lacks column aggregateid", "keep needs"] {
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func keepNeedsRowIDsThatAreNotGivenAgain() async throws {
        let message = try await refusal(of: OutboxFile.foreignSchema, keep: .seconds(60))
        #expect(message.contains("AUTOINCREMENT"))
        // The word alone does not make it so.
        let columns = "aggregatetype TEXT, aggregateid TEXT, type TEXT, payload TEXT"
        let comment = "CREATE TABLE outbox (id TEXT PRIMARY KEY, /* no AUTOINCREMENT */ \(columns))"
        #expect(try await refusal(of: comment, keep: .seconds(60)).contains("keep needs"))
        let text = "CREATE TABLE outbox (id TEXT DEFAULT 'AUTOINCREMENT', \(columns))"
        #expect(try await refusal(of: text, keep: .seconds(60)).contains("keep needs"))
    }

    @Test func tablesOfDebeziumsUsersServe() async throws {
        let schemas = [
            OutboxFile.foreignSchema,
            """
            CREATE TABLE Outbox (ID uuid NOT NULL, AggregateType VARCHAR(255) NOT NULL, AggregateId VARCHAR(255) NOT NULL,
                Type VARCHAR(255) NOT NULL, Payload JSONB)
            """,
            """
            CREATE TABLE "outbox" (id BLOB, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload BLOB, tenant TEXT,
                size INTEGER)
            """,
        ]
        for schema in schemas {
            let file = try await OutboxFile(schema: schema)
            try await file.add(1)
            let numbers = try await file.withOutbox { try await $0.captureNow().numbers }
            #expect(numbers == [1])
        }
    }

    @Test func aFileWithoutItsOutboxIsNotApplied() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("orders.db")
        for needs in [nil, StoreNeeds(outbox: nil, views: [])] {
            if let needs {
                _ = try await SQLiteSetup(path: path, name: "orders.db").apply(needs)
            } else {
                guard let python = Command("python3") else { continue }
                try python.succeed(["-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM')", path])
            }
            let error = try await checkThrows(.notApplied) {
                try await SQLiteOutbox(
                    path: path, name: "orders.db", table: OutboxFile.table, keep: .zero, stream: OutboxFile.stream,
                    watcher: nil)
            }
            #expect(error.remedy?.contains("flotilla apply") == true)
        }
    }
}
