import Brokers
import EmbeddedBroker
import FleetCore
import Foundation
import Relay
import SQLiteConnection
import SQLiteStore
import Stores

/// A backlog of a million events, from an outbox into the broker's log, against SQLite's own copy of the same rows.
enum CarryBenchmark {
    static let count = 1_000_000
    static let batch = 4096

    static func run(_ workspace: Workspace) async throws {
        let source = workspace.file("orders.db")
        print("filling an outbox with \(count) rows …")
        try await Rows.fill(source, count: count)
        sync()
        let copying = try await seconds { try await copy(from: source, to: workspace.file("copy.db")) }
        let carrying = try await carry(from: source, directory: workspace.file("streams"))
        print("SQLite INSERT … SELECT, batches of \(batch):  \(Int(Double(count) / copying)) rows a second")
        print("outbox to log, and out of the outbox:     \(Int(Double(count) / carrying)) events a second")
        print("ratio: \(rounded(copying / carrying)) (wanted: at least 0.50)")
    }

    /// What SQLite alone needs: the same rows, the same batches, each batch durable.
    private static func copy(from source: String, to target: String) async throws {
        let connection = try SQLiteConnection(path: target, mode: .create, durability: .full)
        _ = try await connection.access { session in
            try session.run("ATTACH DATABASE $1 AS source", [.text(source)])
            try session.script("CREATE TABLE copy AS SELECT * FROM source.outbox WHERE 0")
        }
        var done: Int64 = 0
        while done < count {
            let from = done
            try await connection.write { session in
                _ = try session.run(
                    "INSERT INTO copy SELECT * FROM source.outbox WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                    [.integer(from), .integer(Int64(batch))])
            }
            done += Int64(batch)
        }
        connection.close()
    }

    private static func carry(from source: String, directory: String) async throws -> Double {
        let stream = StreamName(fleet: try FleetName("bench"), service: try ServiceName("orders"))
        let retention = Retention(age: .seconds(86_400), size: .gibibytes(8), limit: .gibibytes(16))
        let needs = BrokerNeeds(streams: [stream], subscriptions: [])
        _ = try await EmbeddedBrokerSetup(directory: directory, retention: retention).apply(needs)
        let broker = EmbeddedBroker(directory: directory, retention: retention)
        let changes = ChangeSignal()
        let progress = FleetCore.Progress(name: "relay", changes: changes)
        let relay = RelayService(
            stream: stream, contract: RelayContract(service: stream.service) { _ in true }, broker: broker,
            patience: .milliseconds(10), progress: progress,
            makeSource: {
                try await SQLiteOutbox(
                    path: source, name: source, table: try TableName("outbox"), keep: .zero, stream: stream,
                    watcher: nil)
            })
        let time = await PerfControl.counted {
            await seconds {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await relay.run() }
                    while !(progress.snapshot.count == count && progress.snapshot.isIdle) {
                        await changes.wait(past: changes.generation, timeout: .milliseconds(5))
                    }
                    group.cancelAll()
                }
            }
        }
        await broker.close()
        return time
    }
}
