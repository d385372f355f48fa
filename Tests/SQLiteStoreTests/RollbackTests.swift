import FleetCore
import SQLiteConnection
import SQLiteStore
import Stores
import TestKit
import Testing

/// Statements that end the transaction that they are part of.
@Suite struct RollbackTests {
    @Test(arguments: [
        "CREATE TABLE items (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)",
        """
        CREATE TABLE items (id INTEGER);
        CREATE TRIGGER refuse BEFORE INSERT ON items WHEN new.id IN (SELECT id FROM items)
        BEGIN SELECT RAISE(ROLLBACK, 'twice'); END
        """,
    ])
    func nobodyGoesOnAfterThem(schema: String) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("store.db")
        try SQLiteConnection(path: path, mode: .create).close()
        let store = try SQLiteStore(path: path)
        try await store.write { try $0.script(schema) }
        let error = try await checkThrows(.invalidInput) {
            try await store.write { transaction in
                try transaction.run("INSERT INTO items VALUES (1)")
                do {
                    try transaction.savepoint { _ = try transaction.run("INSERT INTO items VALUES (1)") }
                } catch let error as FleetError where error.code == .statement {
                    // As whoever parks an event does. What follows would be outside any transaction.
                }
                try transaction.run("INSERT INTO items VALUES (2)")
            }
        }
        #expect(error.message.contains(path) && error.remedy?.contains("ABORT") == true)
        let count = try await store.read { try $0.firstRow("SELECT count(*) FROM items")?[0] }
        #expect(count == 0)
        // Without a savepoint the error of the statement fails the transaction.
        try await checkThrows(.statement) {
            try await store.write { transaction in
                try transaction.run("INSERT INTO items VALUES (1)")
                try transaction.run("INSERT INTO items VALUES (1)")
            }
        }
        try await store.write { _ = try $0.run("INSERT INTO items VALUES (3)") }
        await store.close()
    }
}
