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

    /// Lets `Stolen` out, for which the outbox parks events.
    func publishStolen() throws {
        try fleet.write(Self.yaml.replacingOccurrences(of: "[Sold, Noted]", with: "[Sold, Noted, Stolen]"))
    }

    /// Parks many events at the outbox, of many keys and, of key `M`, many behind one.
    func parkMany() async throws {
        try await sales.write { database in
            for number in 1...Self.manyKeys {
                try OutboxRow(key: "K\(number)", type: "Stolen", payload: "{}").insert(database)
                try Self.sold("K\(number)", 1).insert(database)
                try Self.sold("K\(number)", 2).insert(database)
            }
            try OutboxRow(key: "M", type: "Stolen", payload: "{}").insert(database)
            for _ in 1...Self.manyOfOneKey { try Self.sold("M", 3).insert(database) }
        }
        try await expectParked()
        let count = try await sales.integer("SELECT count(*) FROM flotilla_parked")
        guard count == 3 * Self.manyKeys + 1 + Self.manyOfOneKey else { throw Trouble("\(count) are parked") }
    }

    private static let manyKeys = 2000
    private static let manyOfOneKey = 5000

    /// Expects that what ``parkMany()`` parked took effect, each once and in order.
    func expectManyBills(location: SourceLocation = #_sourceLocation) async throws {
        try await expectParked(0, location: location)
        let bills = try await bills()
        #expect(bills.count == 2 * Self.manyKeys + Self.manyOfOneKey, sourceLocation: location)
        var byKey: [Substring: [Substring]] = [:]
        for bill in bills {
            let parts = bill.split(separator: "=")
            byKey[parts[0], default: []].append(parts[1])
        }
        #expect(byKey.removeValue(forKey: "M")?.count == Self.manyOfOneKey, sourceLocation: location)
        #expect(byKey.values.allSatisfy { $0 == ["1", "2"] }, sourceLocation: location)
        #expect(try await sales.integer("SELECT count(*) FROM flotilla_parked") == 0, sourceLocation: location)
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
