import Foundation
import GRDB
import Testing

/// Two ways of events that have nothing to do with each other: what goes wrong with one must not touch the other.
final class TwoWays: Sendable {
    let fleet: FleetDirectory
    let left: DatabaseQueue
    let right: DatabaseQueue

    static func yaml(state: String = ".flotilla", leftCopy: String = "left_copy.db") -> String {
        func pair(_ name: String, copy: String) -> String {
            """
              \(name):
                store: sqlite:\(name).db
                publishes: [Made]
              \(name)_copy:
                store: sqlite:\(copy)
                views:
                  \(name)_things:
                    schema: |
                      CREATE TABLE things (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, value INTEGER);
                    when: {\(name).Made: "INSERT INTO things (key, value) VALUES (:key, :data.value)"}
            """
        }
        return """
            fleet: ways
            state: \(state)
            services:
            \(pair("left", copy: leftCopy))
            \(pair("right", copy: "right_copy.db"))
            """
    }

    let leftCopy: String

    init(state: String = ".flotilla", leftCopy: String = "left_copy.db") async throws {
        self.leftCopy = leftCopy
        fleet = try FleetDirectory(Self.yaml(state: state, leftCopy: leftCopy))
        let applied = try await fleet.flotilla("apply")
        guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
        left = try fleet.store("left.db")
        right = try fleet.store("right.db")
    }

    /// Writes one event a value.
    func publish(_ values: ClosedRange<Int>, to store: DatabaseQueue, padding: Int = 0) async throws {
        let text = String(repeating: "x", count: padding)
        try await store.write { database in
            for value in values {
                let payload = "{\"value\": \(value), \"text\": \"\(text)\"}"
                try OutboxRow(key: "K\(value % 3)", type: "Made", payload: payload).insert(database)
            }
        }
    }

    /// The values in a copy, in the order of their keys' events.
    func copied(_ path: String) async throws -> [Int] {
        let store = try DatabaseQueue(path: path.hasPrefix("/") ? path : fleet.file(path))
        let values = try await store.read { try Int.fetchAll($0, sql: "SELECT value FROM things ORDER BY number") }
        try store.close()
        return values
    }

    func leftArrives(_ values: ClosedRange<Int>) async throws {
        try await eventually("\(values) arrive on the left") {
            (try? await copied(leftCopy)) == Array(values)
        }
    }

    /// Expects that the other way is open: what is written arrives.
    func expectRightGoesOn() async throws {
        let count = try await copied("right_copy.db").count
        try await publish(count + 1...count + 5, to: right)
        try await eventually("the right goes on") {
            try await copied("right_copy.db") == Array(1...count + 5)
        }
    }

    /// Waits until log and status say something of a file.
    func isTold(_ file: String, _ words: String, by run: Program) async throws {
        do {
            try await eventually("the log tells of \(file): \(words)") {
                run.logLines.contains { $0.contains(file) && $0.contains(words) }
            }
        } catch {
            throw Trouble("\(error)\n\(run.errors)")
        }
        // The log is written first.
        try await eventually("status tells of \(file)", every: .milliseconds(200)) {
            try await fleet.flotilla("status").output.contains(file)
        }
        try await eventually("so does status --json", every: .milliseconds(200)) {
            let all = try await fleet.flotilla("status", "--json")
            let object = try JSONSerialization.jsonObject(with: Data(all.output.utf8)) as? [String: Any]
            let rows = ["streams", "views"].flatMap { object?[$0] as? [[String: Any]] ?? [] }
            return rows.contains { ($0["last_error"] as? String)?.contains(file) == true }
        }
    }

    /// Moves a database with what belongs to it.
    func move(_ name: String, to other: String) throws {
        for suffix in ["-shm", "-wal", ""] where FileManager.default.fileExists(atPath: fleet.file(name + suffix)) {
            if FileManager.default.fileExists(atPath: fleet.file(other + suffix)) {
                try FileManager.default.removeItem(atPath: fleet.file(other + suffix))
            }
            try FileManager.default.moveItem(atPath: fleet.file(name + suffix), toPath: fleet.file(other + suffix))
        }
    }

    /// A copy of a database, as a backup makes it.
    func backUp(_ name: String, to other: String) async throws {
        let (store, copy) = (try DatabaseQueue(path: fleet.file(name)), try DatabaseQueue(path: fleet.file(other)))
        try store.backup(to: copy)
        try store.close()
        try copy.close()
    }

    /// Ends a run, and expects that all is as it should be: each value once, in order of its key.
    func end(_ run: Program, left values: ClosedRange<Int>) async throws {
        try await leftArrives(values)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0), "\(run.errors)")
        let idle = try await fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
        #expect(try await copied(leftCopy) == Array(values))
    }
}
