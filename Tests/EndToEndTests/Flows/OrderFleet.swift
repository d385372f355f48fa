import FleetCore
import Foundation
import GRDB
import TestKit
import Testing

/// Three services that react to each other's events, and a flow that watches them.
struct OrderFleet: Sendable {
    let fleet: FleetDirectory
    /// `nil` where the stores are SQLite files.
    let server: PrivatePostgres?
    let database: String

    /// A run of a flow, as `flotilla flows` writes it.
    struct Account: Decodable, Sendable {
        struct Step: Decodable, Sendable {
            var event: String
            var time: String?
            var repetitionCount: Int

            enum CodingKeys: String, CodingKey { case event, time, repetitionCount = "repetition_count" }
        }

        struct Finding: Decodable, Sendable {
            var kind: String
            var event: String
            var other: String
            var clearedAt: String?

            enum CodingKeys: String, CodingKey { case kind, event, other, clearedAt = "cleared_at" }
        }

        struct Timeout: Decodable, Sendable { var stage: String }

        var key: String
        var status: String
        var outOfOrder: Bool
        var late: Bool
        var steps: [Step]
        var findings: [Finding]
        var timeout: Timeout?

        enum CodingKeys: String, CodingKey {
            case key, status, outOfOrder = "out_of_order", late, steps, findings, timeout
        }

        var current: [String] { findings.filter { $0.clearedAt == nil }.map(\.kind).sorted() }
    }

    static let flow = """
          order:
            start: orders.OrderPlaced
            key: order_id
            within: 2s
            grace: 300ms
            steps: [payments.CardCharged]
            end: [shipping.Shipped, {event: orders.Cancelled, after: orders.OrderPlaced}]
            on_timeout:
              send: orders.CancelOrder
              payload: {order_id: key, total: start.total, reason: "flow order timed out"}
        """

    /// The same, with time enough for all.
    static let slowFlow = flow.replacing("within: 2s", with: "within: 1h")

    static func yaml(
        name: String = "trade", flows: String = flow, state: String = ".flotilla", broker: String = "embedded",
        store: (String) -> String
    ) -> String {
        """
        fleet: \(name)
        broker: \(broker)
        state: \(state)
        services:
          orders:
            store: \(store("orders"))
            outbox: {keep: 1h}
            publishes: [OrderPlaced, CancelOrder, Cancelled]
          payments:
            store: \(store("payments"))
            publishes: [CardCharged]
          shipping:
            store: \(store("shipping"))
            publishes: [Shipped]
        \(flows.isEmpty ? "" : "flows:\n\(flows)")

        """
    }

    /// On SQLite.
    init(name: String = "trade", flows: String = flow) async throws {
        (server, database) = (nil, "")
        fleet = try FleetDirectory(Self.yaml(name: name, flows: flows) { "sqlite:\($0).db" })
        try await apply()
    }

    #if Postgres
        /// With stores and state in one database of a server.
        init(on server: PrivatePostgres) async throws {
            self.server = server
            database = try await server.makeDatabase()
            let url = server.url(database)
            fleet = try FleetDirectory(
                Self.yaml(name: database.replacing("_", with: "-"), state: "\"\(url)\"") {
                    "{url: \"\(url)\", schema: \($0)}"
                })
            try await apply()
        }
    #endif

    func apply() async throws {
        let applied = try await fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
    }

    /// Writes an event of an order, on SQLite as of some time ago.
    func publish(_ type: String, from service: String, order: Int, ago: Duration? = nil) async throws {
        let payload = "{\"order_id\": \(order), \"total\": 12.50}"
        if let ago {
            let time = Timestamp.now().advanced(by: .zero - ago).description
            return try await fleet.store("\(service).db").write { database in
                try database.execute(
                    sql: """
                        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, time) VALUES (?, 'order', ?, ?, ?, ?)
                        """,
                    arguments: [
                        UUID().uuidString.lowercased(), "\(service) \(order)", type, payload, time,
                    ])
            }
        }
        guard let server else {
            try await fleet.store("\(service).db").publish(
                OutboxRow(key: "\(service) \(order)", type: type, payload: payload))
            return
        }
        _ = try server.psql(
            database,
            """
            INSERT INTO \(service).outbox (id, aggregatetype, aggregateid, type, payload)
            VALUES (gen_random_uuid(), 'order', '\(service) \(order)', '\(type)', '\(payload)')
            """)
    }

    func place(_ order: Int) async throws { try await publish("OrderPlaced", from: "orders", order: order) }
    func charge(_ order: Int) async throws { try await publish("CardCharged", from: "payments", order: order) }
    func ship(_ order: Int) async throws { try await publish("Shipped", from: "shipping", order: order) }

    /// The payloads of the compensating events in the outbox, as far as they are about an order.
    func cancellations(of order: Int? = nil) async throws -> [String] {
        let query = "SELECT payload FROM \(server == nil ? "" : "orders.")outbox WHERE type = 'CancelOrder'"
        let all: [String]
        if let server {
            all = try server.psql(database, query).split(separator: "\n").map(String.init)
        } else {
            all = try await fleet.store("orders.db").texts(query)
        }
        return all.filter { text in order.map { text.contains("\"order_id\": \($0),") } ?? true }
    }

    /// The runs of the flow, by their keys.
    func accounts(_ arguments: String...) async throws -> [String: Account] {
        let program = try fleet.start(["flows", "list", "--json"] + arguments)
        let ending = try await program.end()
        try check(ending == .code(0), program.errors)
        let accounts = try program.output.split(separator: "\n").map {
            try JSONDecoder().decode(Account.self, from: Data($0.utf8))
        }
        return Dictionary(accounts.map { ($0.key, $0) }) { $1 }
    }

    func account(_ order: Int) async throws -> Account? { try await accounts()["\(order)"] }

    func drain() async throws {
        let drained = try await fleet.flotilla("run", "--until-idle")
        try check(drained.ended(0), drained.said)
    }
}
