import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let errorChecks: [Check] = [
        Check("what a constraint refuses is an error of the statement") { suite in
            try await suite.withItems { store in
                try await store.addItem(1, "a")
                for sql in ["INSERT INTO items VALUES (1, 'b')", "INSERT INTO items VALUES (2, 'a')"] {
                    let error = try await checkThrows(.statement) { try await store.write { _ = try $0.run(sql) } }
                    try check(!error.isRetriable, "trying again cannot help: \(error)")
                    try check(error.description.contains(store.name), "the store is not named: \(error)")
                }
                try checkEqual(try await store.itemIDs(), [1])
            }
        },
        Check("SQL that is wrong is an error of the statement, and names the store") { suite in
            try await suite.withItems { store in
                for sql in ["SELEKT 1", "SELECT * FROM absent", "SELECT absent FROM items", "SELECT 'open"] {
                    let error = try await checkThrows(.statement) { try await store.read { _ = try $0.rows(sql) } }
                    try check(error.description.contains(store.name), "the store is not named: \(error)")
                    try await checkThrows(.statement) { try await store.write { try $0.script(sql) } }
                }
                try await store.addItem(1, "a")
            }
        },
        Check("no statement, and more than one, are errors of the statement") { suite in
            try await suite.withItems { store in
                for sql in [
                    "", "  ", "-- nothing", ";", "SELECT 1; SELECT 2", "INSERT INTO items VALUES (1, 'a'); SELECT 1",
                ] {
                    try await checkThrows(.statement) { try await store.write { _ = try $0.prepare(sql) } }
                }
                try await checkThrows(.statement) {
                    try await store.write { _ = try $0.run("INSERT INTO items VALUES (1, 'a')\0 junk") }
                }
                try checkEqual(try await store.itemIDs(), [])
                let row = try await store.read { try $0.firstRow("SELECT 1;\n") }
                try checkEqual(row?[0].integer, 1)
            }
        },
        Check("a script that fails in its midst leaves no trace") { suite in
            try await suite.withItems { store in
                try await checkThrows(.statement) {
                    try await store.write { try $0.script("INSERT INTO items VALUES (1, 'a'); SELEKT 1") }
                }
                try checkEqual(try await store.itemIDs(), [])
            }
        },
    ]
}
