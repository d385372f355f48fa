import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let savepointChecks: [Check] = [
        Check("a savepoint that fails undoes its own writes, and no others") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    try transaction.run("INSERT INTO items VALUES (1, 'a')")
                    do {
                        try transaction.savepoint {
                            try transaction.run("INSERT INTO items VALUES (2, 'b')")
                            throw Thrown()
                        }
                        throw CheckFailure("the error was swallowed")
                    } catch is Thrown {}
                    let result = try transaction.savepoint {
                        try transaction.run("INSERT INTO items VALUES (3, 'c')")
                        return "kept"
                    }
                    try checkEqual(result, "kept")
                    try transaction.run("INSERT INTO items VALUES (4, 'd')")
                }
                try checkEqual(try await store.itemIDs(), [1, 3, 4])
            }
        },
        Check("savepoints nest") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    try transaction.savepoint {
                        try transaction.run("INSERT INTO items VALUES (1, 'a')")
                        try? transaction.savepoint {
                            try transaction.run("INSERT INTO items VALUES (2, 'b')")
                            try transaction.savepoint { _ = try transaction.run("INSERT INTO items VALUES (3, 'c')") }
                            throw Thrown()
                        }
                        try? transaction.savepoint {
                            try transaction.run("INSERT INTO items VALUES (4, 'd')")
                            try? transaction.savepoint {
                                try transaction.run("INSERT INTO items VALUES (5, 'e')")
                                throw Thrown()
                            }
                        }
                    }
                }
                try checkEqual(try await store.itemIDs(), [1, 4])
            }
        },
        Check("the transaction goes on after a constraint refused a savepoint's write") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    try transaction.run("INSERT INTO items VALUES (1, 'a')")
                    for _ in 0..<3 {
                        do {
                            try transaction.savepoint {
                                try transaction.run("INSERT INTO items VALUES (2, 'b')")
                                try transaction.run("INSERT INTO items VALUES (1, 'again')")
                            }
                            throw CheckFailure("the constraint was not held")
                        } catch let error as FleetError {
                            try checkEqual(error.code, .statement)
                        }
                    }
                    try transaction.run("INSERT INTO items VALUES (3, 'c')")
                }
                try checkEqual(try await store.itemIDs(), [1, 3])
            }
        },
        Check("a transaction that fails undoes its savepoints") { suite in
            try await suite.withItems { store in
                try await checkThrows(.badEvent) {
                    try await store.write { transaction in
                        try transaction.savepoint { _ = try transaction.run("INSERT INTO items VALUES (1, 'a')") }
                        throw FleetError(.badEvent, "on purpose")
                    }
                }
                try checkEqual(try await store.itemIDs(), [])
            }
        },
    ]
}
