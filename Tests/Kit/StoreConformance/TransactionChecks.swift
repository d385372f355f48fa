import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let transactionChecks: [Check] = [
        Check("what a transaction wrote is there after it") { suite in
            try await suite.withItems { store in
                let result = try await store.write { transaction in
                    try checkEqual(try transaction.run("INSERT INTO items VALUES (1, 'a')"), 1)
                    try checkEqual(try transaction.run("INSERT INTO items VALUES (2, 'b'), (3, 'c')"), 2)
                    return try transaction.rows("SELECT id FROM items").count
                }
                try checkEqual(result, 3)
                try checkEqual(try await store.itemIDs(), [1, 2, 3])
            }
        },
        Check("a thrown error leaves no trace, of rows or of tables") { suite in
            try await suite.withItems { store in
                try await store.addItem(1, "a")
                try await checkThrows(.badEvent) {
                    try await store.write { transaction in
                        try transaction.run("UPDATE items SET name = 'changed'")
                        try transaction.run("INSERT INTO items VALUES (2, 'b')")
                        try transaction.script("CREATE TABLE more (id BIGINT)")
                        throw FleetError(.badEvent, "on purpose")
                    }
                }
                let rows = try await store.read { try $0.rows("SELECT id, name FROM items") }
                try checkEqual(rows.map(\.values), [[.integer(1), .text("a")]])
                try await checkThrows(.statement) { try await store.read { try $0.rows("SELECT * FROM more") } }
                try await store.addItem(2, "b")
                try checkEqual(try await store.itemIDs(), [1, 2])
            }
        },
        Check("what the closure throws reaches the caller as it is") { suite in
            try await suite.withItems { store in
                var thrown = 0
                do { try await store.write { _ in throw Thrown() } } catch is Thrown { thrown += 1 }
                do { try await store.read { _ in throw Thrown() } } catch is Thrown { thrown += 1 }
                try checkEqual(thrown, 2)
                try checkEqual(try await store.itemIDs(), [])
            }
        },
        Check("changed rows are counted, also none") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    try transaction.run("INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')")
                    try checkEqual(try transaction.run("UPDATE items SET name = name || 'x' WHERE id > 1"), 2)
                    try checkEqual(try transaction.run("UPDATE items SET name = 'y' WHERE id > 9"), 0)
                    let again = "INSERT INTO items VALUES (1, 'z') ON CONFLICT (id) DO NOTHING"
                    try checkEqual(try transaction.run(again), 0, "after an update of two rows")
                    try checkEqual(try transaction.run("DELETE FROM items WHERE id = $1", [1]), 1)
                    try checkEqual(try transaction.run("DELETE FROM items WHERE id = $1", [1]), 0)
                }
            }
        },
        Check("a read transaction cannot write") { suite in
            try await suite.withItems { store in
                try await checkThrows(.readOnly) {
                    try await store.read { _ = try $0.run("INSERT INTO items VALUES (1, 'a')") }
                }
                try await checkThrows(.readOnly) {
                    try await store.read { try $0.script("CREATE TABLE more (id BIGINT)") }
                }
                try await checkThrows(.statement) { try await store.read { try $0.rows("SELECT * FROM more") } }
                try checkEqual(try await store.itemIDs(), [])
                try await store.addItem(2, "b")
            }
        },
        Check("a script runs all its statements") { suite in
            try await suite.withStore { store in
                try await store.write { transaction in
                    try transaction.script(
                        """
                        CREATE TABLE one (id BIGINT); -- a comment; with a semicolon
                        INSERT INTO one VALUES (1);
                        INSERT INTO one VALUES (2)
                        """)
                    try checkEqual(try transaction.rows("SELECT id FROM one ORDER BY id").map { $0[0] }, [1, 2])
                    try transaction.script("")
                    try transaction.script(" ; -- nothing\n")
                }
            }
        },
    ]
}
