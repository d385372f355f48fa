import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let concurrencyChecks: [Check] = [
        Check("a read sees one state of the store, whatever is committed meanwhile") { suite in
            guard suite.features.readsWhileWriting else { return }
            try await suite.withItems { writer in
                try await writer.addItem(1, "a")
                try await suite.withStore { reader in
                    let gate = Gate()
                    async let counts = reader.read { transaction in
                        let before = try transaction.rows("SELECT id FROM items").count
                        try gate.pass()
                        return [before, try transaction.rows("SELECT id FROM items").count]
                    }
                    try await gate.waitForArrival()
                    try await writer.addItem(2, "b")
                    gate.open()
                    try checkEqual(try await counts, [1, 1])
                    try checkEqual(try await reader.itemIDs(), [1, 2])
                }
            }
        },
        Check("nothing of a transaction is seen before it commits") { suite in
            guard suite.features.readsWhileWriting else { return }
            try await suite.withItems { writer in
                try await suite.withStore { reader in
                    let gate = Gate()
                    async let written: Void = writer.write { transaction in
                        try transaction.run("INSERT INTO items VALUES (1, 'a')")
                        try gate.pass()
                    }
                    try await gate.waitForArrival()
                    try checkEqual(try await reader.itemIDs(), [])
                    gate.open()
                    try await written
                    try checkEqual(try await reader.itemIDs(), [1])
                }
            }
        },
        Check("ten tasks that count to a hundred count to a thousand") { suite in
            try await suite.withItems { store in
                try await store.write { _ = try $0.run("INSERT INTO items VALUES (0, NULL)") }
                try await suite.withStore { other in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for task in 0..<10 {
                            let store = task < 5 ? store : other
                            group.addTask { for _ in 0..<100 { try await Self.increment(store) } }
                        }
                        try await group.waitForAll()
                    }
                }
                try checkEqual(try await store.itemIDs(), [1_000])
            }
        },
        Check("one who writes keeps others waiting for a bounded time, and then they may try again") { suite in
            try await suite.withItems { first in
                try await suite.withStore { second in
                    let gate = Gate()
                    async let held: Void = first.write { transaction in
                        try transaction.run("INSERT INTO items VALUES (1, 'a')")
                        try gate.pass()
                    }
                    try await gate.waitForArrival()
                    let start = ContinuousClock.now
                    let error: FleetError
                    do {
                        error = try await checkThrows(.busy) {
                            // In the way of the other, whether the store locks a row or everything.
                            try await second.write { _ = try $0.run("INSERT INTO items VALUES (1, 'b')") }
                        }
                    } catch {
                        gate.open()
                        throw error
                    }
                    let waited = ContinuousClock.now - start
                    gate.open()
                    try await held
                    try check(error.isRetriable, "trying again can help: \(error)")
                    try check(waited < .seconds(120), "it took \(waited)")
                    try await second.addItem(2, "b")
                    try checkEqual(try await first.itemIDs(), [1, 2])
                }
            }
        },
        Check("cancelling the task that called ends the call soon, without a trace") { suite in
            try await suite.withItems { store in
                let gate = Gate()
                gate.open()
                let work = suite.endlessWrite(to: store, past: gate)
                try await gate.waitForArrival()
                let start = ContinuousClock.now
                work.cancel()
                try await checkThrows(.cancelled) { try await work.value }
                let waited = ContinuousClock.now - start
                try check(waited < .seconds(120), "it took \(waited)")
                try checkEqual(try await store.itemIDs(), [])
                try await store.addItem(2, "b")
                try checkEqual(try await store.itemIDs(), [2])
            }
        },
        Check("cancelling between two statements ends the call as well") { suite in
            try await suite.withItems { store in
                let gate = Gate()
                let work = suite.endlessWrite(to: store, past: gate)
                try await gate.waitForArrival()
                work.cancel()
                gate.open()
                try await checkThrows(.cancelled) { try await work.value }
                try checkEqual(try await store.itemIDs(), [])
            }
        },
        Check("a task that is cancelled already does nothing") { suite in
            try await suite.withItems { store in
                let work = Task {
                    try await eventually("cancellation") { Task.isCancelled }
                    try await store.addItem(1, "a")
                }
                work.cancel()
                do {
                    try await work.value
                    throw CheckFailure("nothing was thrown")
                } catch let error as FleetError {
                    try checkEqual(error.code, .cancelled)
                } catch is CancellationError {
                    // The helper was cancelled before it had looked.
                }
                try checkEqual(try await store.itemIDs(), [])
            }
        },
        Check("tasks that are cancelled at any time leave all or nothing") { suite in
            try await suite.withItems { store in
                var random = RandomSource(for: "tasks that are cancelled at any time")
                for round in 0..<100 {
                    let work = Task {
                        try await store.write { transaction in
                            try transaction.run("INSERT INTO items VALUES ($1, NULL)", [.integer(Int64(round * 2))])
                            try transaction.run("INSERT INTO items VALUES ($1, NULL)", [.integer(Int64(round * 2 + 1))])
                        }
                    }
                    for _ in 0..<Int.random(in: 0..<200, using: &random) { await Task.yield() }
                    work.cancel()
                    let before = try await store.itemIDs().count
                    switch await work.result {
                    case .success: break
                    case .failure(let error as FleetError): try checkEqual(error.code, .cancelled)
                    case .failure(let error): throw error
                    }
                    let ids = try await store.itemIDs()
                    try check(ids.count % 2 == 0 && before % 2 == 0, "round \(round) left one row of two")
                    if case .success = await work.result {
                        try check(
                            ids.contains(Int64(round * 2)), "round \(round) succeeded, and its rows are not there")
                    }
                }
            }
        },
    ]

    /// Adds an item, passes the gate, and asks what has no end.
    private func endlessWrite(to store: any Store, past gate: Gate) -> Task<Void, any Error> {
        let endless = features.endlessQuery
        return Task {
            try await store.write { transaction in
                try transaction.run("INSERT INTO items VALUES (1, 'a')")
                try gate.pass()
                _ = try transaction.rows(endless)
            }
        }
    }

    private static func increment(_ store: any Store) async throws {
        while true {
            do {
                return try await store.write { transaction in
                    let count = try transaction.firstRow("SELECT id FROM items")?[0].integer ?? 0
                    try transaction.run("UPDATE items SET id = $1", [.integer(count + 1)])
                }
            } catch let error as FleetError where error.waitingHelps {
                await Task.yield()
            }
        }
    }
}
