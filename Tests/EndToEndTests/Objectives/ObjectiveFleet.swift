import Foundation
import GRDB
import TestKit

/// A fleet with objectives whose alerts come quickly: over a day, the first windows are of two minutes and ten seconds.
struct ObjectiveFleet {
    let directory: FleetDirectory

    /// - Parameter alerts: what stands under `alerts:`.
    static func yaml(alerts: String = "{log: true}", fleet: String = "shop", more: String = "") -> String {
        """
        fleet: \(fleet)
        metrics: {listen: "127.0.0.1:0"}
        alerts: \(alerts)
        objectives:
          sales_fresh: {view: shop.sales, freshness: 500ms, target: 99%, window: 1d}
          shop_relay: {stream: shop, latency: 10s, target: 99%}
          shop_up: {store: shop, availability: 99.9%}
          sales_right: {view: shop.sales, errors: 1%}
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Sold]
            views:
              sales:
                schema: "CREATE TABLE sales (id TEXT PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0));"
                when:
                  shop.Sold: INSERT INTO sales VALUES (:id, :data.amount) ON CONFLICT (id) DO NOTHING
        \(more)
        """
    }

    /// One that is there already.
    init(directory: FleetDirectory) { self.directory = directory }

    init(_ yaml: String = ObjectiveFleet.yaml()) async throws {
        directory = try FleetDirectory(yaml)
        let applied = try await directory.flotilla("apply")
        guard applied.ended(0) else { throw Trouble(applied.said) }
    }

    func sell(_ count: Int = 1, amount: Int = 1) async throws {
        let rows = (0..<count).map { _ in
            OutboxRow(key: UUID().uuidString, type: "Sold", payload: "{\"amount\": \(amount)}")
        }
        try await directory.store("shop.db").write { database in
            for row in rows { try row.insert(database) }
        }
    }

    struct Reading: Decodable {
        struct Objective: Decodable {
            struct Burn: Decodable {
                var severity: String
                var firing: Bool
            }
            var name: String
            var total: Int
            var bad: Int
            var state: String
            var burns: [Burn]
        }
        var asOf: String?
        var live: Bool
        var objectives: [Objective]

        enum CodingKeys: String, CodingKey { case asOf = "as_of", live, objectives }

        subscript(_ name: String) -> Objective? { objectives.first { $0.name == name } }
    }

    /// What `flotilla objectives --json` says.
    func reading() async throws -> Reading {
        let said = try await directory.flotilla("objectives", "--json")
        guard said.ended(0) else { throw Trouble(said.said) }
        return try JSONDecoder().decode(Reading.self, from: Data(said.output.utf8))
    }
}
