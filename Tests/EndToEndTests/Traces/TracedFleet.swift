import Foundation
import GRDB
import HTTPReceiver
import TestKit

/// A fleet in which one order goes all ways: out of an outbox, into a view, over a push, through a saga that asks over HTTP and
/// by a command, into a second service's outbox, and from there back to the saga.
final class TracedFleet: Sendable {
    let fleet: FleetDirectory
    /// A collector.
    let collector: HTTPReceiver
    /// Whoever is called over HTTP: by pushes (`/events`) and by the saga (`/pay`).
    let receiver: HTTPReceiver
    let orders: DatabaseQueue

    static let secret = "Bearer t0ps3cret"

    init(
        encoding: String = "protobuf", sampling: String = "{wait: 1s, share: 1}", telemetry: Bool = true,
        broker: String = "embedded", name: String = "traced", objectives: String? = nil,
        metrics: Bool = false,
        receiving: @escaping @Sendable (HTTPReceiver.Request) -> HTTPReceiver.Reaction = { _ in
            .answer(200, body: "{\"ok\": true}")
        },
        collecting: @escaping @Sendable (HTTPReceiver.Request) -> HTTPReceiver.Reaction = { _ in .answer(200) }
    ) async throws {
        collector = try await HTTPReceiver(react: collecting)
        receiver = try await HTTPReceiver(react: receiving)
        let told = """
            telemetry:
              otlp:
                url: "http://127.0.0.1:\(collector.port)"
                encoding: \(encoding)
                every: 1s
                headers: {authorization: "\(Self.secret)"}
                resource: {deployment.environment.name: test}
              sampling: \(sampling)
            """
        fleet = try FleetDirectory(
            """
            fleet: \(name)
            broker: \(broker)
            \(telemetry ? told : "")
            \(objectives.map { "objectives: \($0)" } ?? "")
            \(metrics ? "metrics: {listen: \"127.0.0.1:0\"}" : "")
            services:
              orders:
                store: sqlite:orders.db
                publishes: [OrderPlaced, Reserve]
              reports:
                store: sqlite:reports.db
                views:
                  sales:
                    schema: "CREATE TABLE sales (id TEXT PRIMARY KEY, amount INTEGER CHECK (amount > 0));"
                    when:
                      orders.OrderPlaced: INSERT INTO sales VALUES (:id, :data.amount)
              billing:
                store: sqlite:billing.db
                push:
                  orders.OrderPlaced: {to: "http://127.0.0.1:\(receiver.port)/events?token=hidden"}
              stock:
                store: sqlite:stock.db
                publishes: [Reserved]
                views:
                  reservations:
                    schema: "CREATE TABLE reservations (id TEXT PRIMARY KEY);"
                    when:
                      orders.Reserve: |
                        INSERT INTO reservations VALUES (:id);
                        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
                          VALUES (:id, 'stock', :key, 'Reserved', json_object('saga', json(:data.saga)), :traceparent);
            sagas:
              fulfil:
                start: orders.OrderPlaced
                deadline: 5m
                steps:
                  - step: pay
                    role: pivot
                    http: {url: "http://127.0.0.1:\(receiver.port)/pay", body: {order: data.order}}
                  - step: reserve
                    role: retriable
                    command:
                      send: orders.Reserve
                      key: "{data.order}"
                      reply: stock.Reserved
            """)
        let applied = try await fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
        orders = try fleet.store("orders.db")
    }

    /// One whose saga is parked at its first step: nobody takes the payment, and it is asked for once.
    static func refusingPayment() async throws -> TracedFleet {
        let traced = try await TracedFleet(receiving: { .answer($0.path == "/pay" ? 500 : 200, body: "{}") })
        let yaml = try String(contentsOfFile: traced.fleet.file("fleet.yaml"), encoding: .utf8)
        let step = "        role: pivot\n"
        try traced.fleet.write(yaml.replacing(step, with: "\(step)        retry: {attempts: 1, wait: 10ms}\n"))
        let applied = try await traced.fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
        return traced
    }

    /// - Parameter headers: of the row; JSON.
    func place(
        _ order: String, type: String = "OrderPlaced", amount: Int = 1, traceParent: String? = nil,
        headers: String? = nil
    ) async throws {
        try await orders.write { database in
            try database.execute(
                sql: """
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent, headers)
                    VALUES (?, 'order', ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    UUID().uuidString.lowercased(), order, type, "{\"order\": \"\(order)\", \"amount\": \(amount)}",
                    traceParent, headers,
                ])
        }
    }

    /// A trace of its own for each number.
    static func traceParent(_ number: Int, flags: String = "01") -> String {
        "00-\(trace(number))-00f067aa0ba902b7-\(flags)"
    }

    static func trace(_ number: Int) -> String { "4bf92f3577b34da6a3ce929d" + String(format: "%08x", number + 1) }

    /// What the collector was sent.
    func told(_ decoder: OTLPDecoder, _ path: String = "/v1/traces") throws -> [[String: Any]] {
        let requests = collector.requests.filter { $0.path == path }
        return try decoder.decode(requests.map { ($0.path, $0["content-type"] ?? "", $0.bytes) })
    }

    func stop() async throws {
        try await collector.stop()
        try await receiver.stop()
    }
}

/// A span, as it was decoded.
struct ToldSpan {
    let trace: String
    let id: String
    let parent: String
    let name: String
    let kind: Int
    let status: Int
    let message: String
    let start: Int
    let end: Int
    let attributes: [String: Any]

    init(_ line: [String: Any]) {
        func text(_ key: String) -> String { line[key] as? String ?? "" }
        func number(_ key: String) -> Int { line[key] as? Int ?? -1 }
        (trace, id, parent, name) = (text("trace"), text("span"), text("parent"), text("name"))
        (kind, status, message) = (number("kind"), number("status"), text("message"))
        (start, end) = (number("start"), number("end"))
        attributes = line["attributes"] as? [String: Any] ?? [:]
    }

    func text(_ attribute: String) -> String? { attributes[attribute] as? String }
}
