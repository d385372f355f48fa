import Foundation
import GRDB
import Testing

/// A small fleet in which things go wrong: what `sales` publishes, `billing` keeps copies of.
final class ParkedFleet: Sendable {
    let fleet: FleetDirectory
    let sales: DatabaseQueue
    let billing: DatabaseQueue

    static let yaml = """
        fleet: parked
        services:
          sales:
            store: sqlite:sales.db
            outbox: {max_event: 2KiB}
            publishes: [Sold, Noted]
          billing:
            store: sqlite:billing.db
            views:
              bills:
                schema: |
                  CREATE TABLE limits (most INTEGER NOT NULL);
                  INSERT INTO limits VALUES (100);
                  CREATE TABLE bills (
                    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, amount INTEGER NOT NULL);
                  CREATE TRIGGER bills_limited BEFORE INSERT ON bills
                    WHEN new.amount > (SELECT most FROM limits)
                    BEGIN SELECT RAISE(ABORT, 'amount above the limit'); END;
                when: {sales.Sold: "INSERT INTO bills (key, amount) VALUES (:key, :data.amount)"}
        """

    init() async throws {
        fleet = try FleetDirectory(Self.yaml)
        let applied = try await fleet.flotilla("apply")
        guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
        sales = try fleet.store("sales.db")
        billing = try fleet.store("billing.db")
    }

    /// An event that a bill is made of.
    static func sold(_ key: String, _ amount: Int) -> OutboxRow {
        OutboxRow(key: key, type: "Sold", payload: "{\"amount\": \(amount)}")
    }

    /// `key=amount` of each bill, in the order in which they were made.
    func bills() async throws -> [String] {
        try await billing.texts("SELECT key || '=' || amount FROM bills ORDER BY number")
    }

    /// The same, of one key.
    func bills(of key: String) async throws -> [String] {
        try await bills().filter { $0.hasPrefix("\(key)=") }
    }

    /// Lets greater amounts through: mends what was wrong.
    func raiseLimit() async throws {
        try await billing.write { try $0.execute(sql: "UPDATE limits SET most = 1000000") }
    }

    /// One line of `parked list --json`.
    struct Item: Decodable, Equatable {
        var id: String
        var place: String
        var type: String
        var key: String
        var state: String
        var reason: String?
        var attempts: Int
    }

    func parked() async throws -> [Item] {
        let list = try await fleet.flotilla("parked", "list", "--json")
        guard list.ended(0) else { throw Trouble("parked list failed: \(list.said)") }
        return try list.output.split(separator: "\n").map { try JSONDecoder().decode(Item.self, from: Data($0.utf8)) }
    }

    func expectParked(_ code: Int32 = 3, location: SourceLocation = #_sourceLocation) async throws {
        let run = try await fleet.flotilla("run", "--until-idle")
        #expect(run.ended(code), "\(run.said)", sourceLocation: location)
        if code == 3 {
            #expect(run.errors.contains("flotilla parked fleet.yaml list"), "\(run.said)", sourceLocation: location)
        }
    }
}
