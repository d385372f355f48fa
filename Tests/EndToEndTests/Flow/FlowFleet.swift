import Foundation
import GRDB
import Testing

/// A fleet of a service that makes things, and two views that copy them: one into a ledger that counts every application,
/// and one that can bear it to see an event again.
final class FlowFleet: Sendable {
    let fleet: FleetDirectory
    let maker: DatabaseQueue
    let copies: DatabaseQueue

    static func yaml(limit: String = "", broker: String = "embedded", state: String = ".flotilla") -> String {
        """
        fleet: flow
        broker: \(broker)
        state: \(state)
        services:
          maker:
            store: sqlite:maker.db
            publishes: [Made, Noted]
          copies:
            store: sqlite:copies.db
            views:
              ledger:
                schema: CREATE TABLE ledger (number INTEGER PRIMARY KEY, value INTEGER NOT NULL);
                when: {maker.Made: "INSERT INTO ledger (value) VALUES (:data.value)"}
                \(limit)
              latest:
                schema: CREATE TABLE latest (value INTEGER PRIMARY KEY, times INTEGER NOT NULL DEFAULT 1);
                when:
                  maker.Made: |
                    INSERT INTO latest (value) VALUES (:data.value)
                    ON CONFLICT (value) DO UPDATE SET times = times + 1
        """
    }

    init(_ yaml: String = yaml()) async throws {
        fleet = try FleetDirectory(yaml)
        let applied = try await fleet.flotilla("apply")
        guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
        maker = try fleet.store("maker.db")
        copies = try fleet.store("copies.db")
    }

    /// Writes one event a value, of three keys.
    func make(_ values: ClosedRange<Int>, type: String = "Made") async throws {
        try await maker.write { database in
            for value in values {
                try OutboxRow(key: "K\(value % 3)", type: type, payload: "{\"value\": \(value)}").insert(database)
            }
        }
    }

    /// The values in the ledger, in the order in which they were applied.
    func ledger() async throws -> [Int] {
        try await copies.read { try Int.fetchAll($0, sql: "SELECT value FROM ledger ORDER BY number") }
    }

    /// How often each value took effect in the other view.
    func times() async throws -> [Int] {
        try await copies.read { try Int.fetchAll($0, sql: "SELECT times FROM latest ORDER BY value") }
    }

    func arrives(_ values: [Int]) async throws {
        _ = try? await eventually("\(values.count) arrive") {
            try await ledger() == values ? true : nil
        }
        let found = try await ledger()
        guard found == values else { throw Trouble("expected \(values.suffix(30)), found \(found.suffix(30))") }
    }

    /// What waits in the outbox.
    func waiting() async throws -> Int { try await maker.integer("SELECT count(*) FROM outbox") }

    @discardableResult
    func does(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> String {
        let program = try fleet.start(arguments)
        let ending = try await program.end()
        #expect(ending == .code(0), "\(arguments): \(program.output)\(program.errors)", sourceLocation: location)
        return program.output + program.errors
    }

    func end(_ run: Program, location: SourceLocation = #_sourceLocation) async throws {
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0), "\(run.errors)", sourceLocation: location)
    }
}

/// `status --json`, as far as these tests look.
struct FlowStatus: Decodable {
    struct Pause: Decodable, Equatable {
        var subject: String
        var since: String
        var reason: String?
        var declared: Bool
    }

    struct Stage: Decodable, Equatable {
        var events: Int?
        var lagEvents: Int?
        var lagSeconds: Double?
    }

    struct Records: Decodable, Equatable {
        var first: Int
        var last: Int
        var count: Int
        var bytes: Int
        var firstTime: String?
        var lastTime: String?
    }

    struct Stream: Decodable {
        var service: String
        var pending: Int?
        var lagSeconds: Double?
        var parked: Int
        var oldestParkedSeconds: Double?
        var written: Stage?
        var captured: Stage?
        var broker: Stage?
        var records: Records?
        var paused: Pause?
        var lastError: String?
    }

    struct View: Decodable {
        var kind: String
        var view: String
        var pending: Int?
        var parked: Int
        var oldestParkedSeconds: Double?
        var delivered: Stage?
        var paused: Pause?
        var rate: String?
        var inFlight: Int?
        var lastError: String?
    }

    var paused: [Pause]
    var streams: [Stream]
    var views: [View]

    static func read(_ fleet: FleetDirectory) async throws -> FlowStatus {
        let result = try await fleet.flotilla("status", "--json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(FlowStatus.self, from: Data(result.output.utf8))
    }
}
