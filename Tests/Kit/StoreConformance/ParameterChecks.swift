import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let parameterChecks: [Check] = [
        Check("parameters are taken by number, in any order, and more than once") { suite in
            try await suite.withStore { store in
                let text = suite.features.textType
                func place(_ number: Int) -> String { "CAST($\(number) AS \(text))" }
                let two = "SELECT \([2, 1, 2].map(place).joined(separator: ", "))"
                let many = "SELECT \((1...12).reversed().map(place).joined(separator: ", "))"
                try await store.read { transaction in
                    try checkEqual(try transaction.rows(two, ["one", "two"]).map(\.values), [["two", "one", "two"]])
                    let values = (1...12).map { SQLValue.text("value \($0)") }
                    try checkEqual(try transaction.rows(many, values).map(\.values), [values.reversed()])
                }
            }
        },
        Check("a wrong number of parameters is an error of the statement") { suite in
            try await suite.withItems { store in
                for parameters: [SQLValue] in [[], [1], [1, "a", "b"]] {
                    try await checkThrows(.statement) {
                        try await store.write { _ = try $0.run("INSERT INTO items VALUES ($1, $2)", parameters) }
                    }
                    try await checkThrows(.statement) {
                        try await store.read {
                            _ = try $0.rows("SELECT * FROM items WHERE id = $1 AND name = $2", parameters)
                        }
                    }
                }
                try await checkThrows(.statement) { try await store.read { _ = try $0.rows("SELECT 1", [1]) } }
                try checkEqual(try await store.itemIDs(), [])
            }
        },
        Check("rows tell their columns by name and number") { suite in
            try await suite.withItems { store in
                try await store.addItem(7, "seven")
                let rows = try await store.read { try $0.rows("SELECT name AS title, id FROM items") }
                try checkEqual(rows.count, 1)
                let row = rows[0]
                try checkEqual(row.columns, ["title", "id"])
                try checkEqual(row[0], "seven")
                try checkEqual(row["id"], 7)
                try checkEqual(row["title"], row[0])
                try checkEqual(row["absent"], .null)
                let none = try await store.read { try $0.firstRow("SELECT id FROM items WHERE id = 0") }
                try check(none == nil, "there is a row where there should be none")
            }
        },
        Check("rows are handed on one by one, and an error in between ends that") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    for id in 1...5 {
                        try transaction.run("INSERT INTO items VALUES ($1, $2)", [.integer(Int64(id)), nil])
                    }
                    var seen = 0
                    let statement = try transaction.prepare("SELECT id FROM items ORDER BY id")
                    do {
                        try statement.forEachRow([]) { _ in
                            seen += 1
                            if seen == 2 { throw Thrown() }
                        }
                    } catch is Thrown {}
                    try checkEqual(seen, 2)
                    try checkEqual(
                        try transaction.rows("SELECT id FROM items ORDER BY id").map { $0[0] }, [1, 2, 3, 4, 5])
                }
            }
        },
        Check("a statement may be asked for again while its rows are read") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    for id in 1...3 {
                        try transaction.run("INSERT INTO items VALUES ($1, NULL)", [.integer(Int64(id))])
                    }
                    let sql = "SELECT id FROM items WHERE id >= $1 ORDER BY id"
                    var pairs: [[Int64?]] = []
                    try transaction.prepare(sql).forEachRow([1]) { outer in
                        let inner = try transaction.rows(sql, [outer[0]]).map { $0[0].integer }
                        pairs.append([outer[0].integer] + inner)
                    }
                    try checkEqual(pairs, [[1, 1, 2, 3], [2, 2, 3], [3, 3]])
                }
            }
        },
        Check("a thousand different statements are prepared, and the first still works") { suite in
            try await suite.withStore { store in
                try await store.read { transaction in
                    let first = try transaction.prepare("SELECT 0 AS number")
                    for number in 1...1_000 {
                        let row = try transaction.firstRow("SELECT \(number) AS number")
                        try checkEqual(row?[0].integer, Int64(number))
                    }
                    var found: SQLValue = nil
                    try first.forEachRow([]) { found = $0["number"] }
                    try checkEqual(found.integer, 0)
                }
                let again = try await store.read { try $0.firstRow("SELECT 1 AS number") }
                try checkEqual(again?[0].integer, 1)
            }
        },
    ]
}
