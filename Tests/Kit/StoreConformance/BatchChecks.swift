import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let batchChecks: [Check] = [
        Check("a statement is run for each set of parameters, in order, and its rows are counted each time") { suite in
            try await suite.withItems { store in
                try await store.addItem(2, "before")
                try await store.write { transaction in
                    let insert = try transaction.prepare(
                        "INSERT INTO items VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
                    try checkEqual(
                        try insert.runEach([[1, "a"], [2, "b"], [3, "c"], [1, "d"], [4, nil]]), [1, 0, 1, 0, 1])
                    let grow = try transaction.prepare("UPDATE items SET name = name || $1 WHERE id < $2")
                    try checkEqual(try grow.runEach([["x", 3], ["y", 2], ["z", 0]]), [2, 1, 0])
                    let names = try transaction.rows("SELECT name FROM items ORDER BY id").map { $0[0] }
                    try checkEqual(names, ["axy", "beforex", "c", nil])
                }
                try checkEqual(try await store.itemIDs(), [1, 2, 3, 4])
            }
        },
        Check("no sets of parameters are no work") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                    try checkEqual(try insert.runEach([]), [])
                    try checkEqual(try insert.runEach([[1, "a"]]), [1])
                }
                try checkEqual(try await store.itemIDs(), [1])
            }
        },
        Check("ten thousand sets of parameters, some large, are all run") { suite in
            try await suite.withItems { store in
                let large = String(repeating: "0123456789abcdef", count: 4096)
                let sets = (1...10_000).map { number -> [SQLValue] in
                    [.integer(Int64(number)), .text("\(number)" + (number % 1000 == 0 ? large : ""))]
                }
                let counts = try await store.write { transaction in
                    let counts = try transaction.prepare("INSERT INTO items VALUES ($1, $2)").runEach(sets)
                    let again = "INSERT INTO items VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"
                    return counts + (try transaction.prepare(again).runEach(sets))
                }
                try checkEqual(counts.count, 20_000)
                try check(counts.prefix(10_000).allSatisfy { $0 == 1 }, "a row was not inserted")
                try check(counts.suffix(10_000).allSatisfy { $0 == 0 }, "a row was inserted again")
                let row = try await store.read { try $0.firstRow("SELECT count(*), max(length(name)) FROM items") }
                try checkEqual(row?.values, [10_000, .integer(Int64(large.count + 5))])
            }
        },
        Check("a set of parameters that fails, fails the call, and with it the transaction") { suite in
            try await suite.withItems { store in
                for wrong: [SQLValue] in [[1, "twice"], [4], []] {
                    let error = try await checkThrows(.statement) {
                        try await store.write { transaction in
                            let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                            _ = try insert.runEach([[1, "a"], [2, "b"], wrong, [5, "e"]])
                        }
                    }
                    try check(error.description.contains(store.name), "the store is not named: \(error)")
                    try checkEqual(try await store.itemIDs(), [])
                }
            }
        },
        Check("a savepoint undoes a set of parameters that fails, and those before it") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                    try insert.run([1, "a"])
                    try checkThrowsNow(.statement) {
                        try transaction.savepoint { _ = try insert.runEach([[2, "b"], [1, "twice"], [3, "c"]]) }
                    }
                    try checkEqual(try insert.runEach([[4, "d"]]), [1])
                }
                try checkEqual(try await store.itemIDs(), [1, 4])
            }
        },
        Check("what is submitted is done, in order with all that is run") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                    let grow = try transaction.prepare("UPDATE items SET name = name || $1")
                    for number in 1...300 { try insert.submit([.integer(Int64(number)), .text("\(number)")]) }
                    try grow.submit(["x"])
                    try checkEqual(try transaction.run("DELETE FROM items WHERE id > 3 AND name LIKE '%x'"), 297)
                    try insert.submit([4, "4"])
                    try grow.submit(["y"])
                    try transaction.savepoint { try insert.submit([5, "5"]) }
                    try transaction.script("DELETE FROM items WHERE id = 2")
                    let names = try transaction.rows("SELECT name FROM items ORDER BY id").map { $0[0] }
                    try checkEqual(names, ["1xy", "3xy", "4y", "5"])
                    try insert.submit([6, "6"])
                }
                try checkEqual(try await store.itemIDs(), [1, 3, 4, 5, 6])
            }
        },
        Check("what is submitted and fails, fails the transaction, at latest its commit") { suite in
            try await suite.withItems { store in
                for wrong: [SQLValue] in [[1, "twice"], [4], []] {
                    for goesOn in [false, true] {
                        let error = try await checkThrows(.statement) {
                            try await store.write { transaction in
                                let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                                try insert.submit([1, "a"])
                                try insert.submit(wrong)
                                if goesOn { try insert.run([9, "later"]) }
                            }
                        }
                        try check(!error.isRetriable, "trying again cannot help: \(error)")
                        try check(error.description.contains(store.name), "the store is not named: \(error)")
                        try checkEqual(try await store.itemIDs(), [])
                    }
                }
                try await store.addItem(1, "a")
            }
        },
        Check("what is submitted within a savepoint and fails, fails no later than the savepoint") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                    try insert.submit([1, "a"])
                    try checkThrowsNow(.statement) {
                        try transaction.savepoint {
                            try insert.submit([2, "b"])
                            try insert.submit([1, "twice"])
                        }
                    }
                    try insert.submit([3, "c"])
                }
                try checkEqual(try await store.itemIDs(), [1, 3])
            }
        },
        Check("a read transaction can neither submit a change nor run one for each set") { suite in
            try await suite.withItems { store in
                try await checkThrows(.readOnly) {
                    try await store.read { try $0.prepare("INSERT INTO items VALUES ($1, $2)").submit([1, "a"]) }
                }
                try await checkThrows(.readOnly) {
                    try await store.read {
                        _ = try $0.prepare("INSERT INTO items VALUES ($1, $2)").runEach([[1, "a"], [2, "b"]])
                    }
                }
                try checkEqual(try await store.itemIDs(), [])
            }
        },
        Check("an event's id is its bytes") { suite in
            try await suite.withStore { store in
                let ids = [EventID(high: 0, low: 0), EventID(high: .max, low: .max), .make()]
                let type = suite.features.bytesType
                try await store.write { transaction in
                    try transaction.script("CREATE TABLE kept (place BIGINT, value \(type))")
                    let insert = try transaction.prepare("INSERT INTO kept VALUES ($1, $2)")
                    for (place, id) in ids.enumerated() { try insert.run([.integer(Int64(place)), .id(id)]) }
                    let found = try transaction.rows("SELECT value FROM kept ORDER BY place").map { $0[0] }
                    try checkEqual(found, ids.map { .bytes($0.bytes) })
                    for id in ids {
                        let sql = "SELECT count(*) FROM kept WHERE value = $1"
                        try checkEqual(try transaction.firstRow(sql, [.id(id)])?[0], 1)
                        try checkEqual(try transaction.firstRow(sql, [.bytes(id.bytes)])?[0], 1)
                    }
                }
            }
        },
    ]
}
