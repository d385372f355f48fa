import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let lifetimeChecks: [Check] = [
        Check("what was committed is there after closing and opening again") { suite in
            try await suite.withItems { try await $0.addItem(1, "a") }
            try await suite.withStore { store in
                try checkEqual(try await store.itemIDs(), [1])
                try await store.addItem(2, "b")
            }
            try await suite.withStore { try checkEqual(try await $0.itemIDs(), [1, 2]) }
        },
        Check("what was committed is seen by others at once, also without closing") { suite in
            try await suite.withItems { first in
                try await suite.withStore { second in
                    try await first.addItem(1, "a")
                    try checkEqual(try await second.itemIDs(), [1])
                    try await second.addItem(2, "b")
                    try checkEqual(try await first.itemIDs(), [1, 2])
                }
            }
        },
        Check("tables that others made or changed are seen") { suite in
            try await suite.withItems { first in
                try await suite.withStore { second in
                    try await first.addItem(1, "a")
                    try checkEqual(try await second.itemIDs(), [1])
                    try await first.write { try $0.script("ALTER TABLE items ADD COLUMN more BIGINT DEFAULT 5") }
                    let rows = try await second.read { try $0.rows("SELECT * FROM items") }
                    try checkEqual(rows.map(\.values), [[1, "a", 5]])
                    try checkEqual(try await second.itemIDs(), [1])
                }
            }
        },
        Check("calls after closing throw, and closing twice is no error") { suite in
            let store = try await suite.open()
            try await store.write { try $0.script("CREATE TABLE items (id BIGINT)") }
            _ = try await store.itemIDs()
            await store.close()
            for _ in 0..<2 {
                try await checkThrows(.unavailable) { try await store.write { _ = try $0.run("DELETE FROM items") } }
                try await checkThrows(.unavailable) { try await store.read { _ = try $0.rows("SELECT 1") } }
                await store.close()
            }
        },
        Check("closing waits for the work at hand") { suite in
            try await suite.withItems { store in
                let other = try await suite.open()
                let gate = Gate()
                async let written: Void = other.write { transaction in
                    try transaction.run("INSERT INTO items VALUES (1, 'a')")
                    try gate.pass()
                    try transaction.run("INSERT INTO items VALUES (2, 'b')")
                }
                try await gate.waitForArrival()
                async let closed: Void = other.close()
                gate.open()
                try await written
                await closed
                try checkEqual(try await store.itemIDs(), [1, 2])
            }
        },
        Check("a store that nobody holds lets go of what it wrote to") { suite in
            try await suite.withItems { try await $0.addItem(1, "a") }
            for round in 2...50 {
                let store = try await suite.open()
                try await store.addItem(Int64(round), "row \(round)")
            }
            try await suite.withStore { try checkEqual(try await $0.itemIDs(), Array(1...50)) }
        },
    ]
}
