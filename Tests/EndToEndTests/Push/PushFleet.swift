import Foundation
import GRDB
import HTTPReceiver

/// A small fleet whose events go to a receiver over HTTP: what `sales` publishes is pushed to `billing`.
final class PushFleet: Sendable {
    let fleet: FleetDirectory
    let sales: DatabaseQueue

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// - Parameters:
    ///   - port: of the receiver, on this machine.
    ///   - options: further keys of the entries of `push`. Where they name no time-out, none is in the way.
    ///   - name: of the fleet; those that share a server have their own.
    init(
        port: Int, options: String = "", name: String = "pushed", broker: String = "embedded"
    ) async throws {
        let patience = options.contains("timeout") ? [] : ["timeout: 180s"]
        let options = (patience + [options]).filter { !$0.isEmpty }.joined(separator: ", ")
        fleet = try FleetDirectory(
            """
            fleet: \(name)
            broker: \(broker)
            services:
              sales:
                store: sqlite:sales.db
                publishes: [Sold, Noted, Kept]
              billing:
                store: sqlite:billing.db
                push:
                  sales.Sold: &receiver {to: "http://127.0.0.1:\(port)/events?token=t0ps3cret", secret: "\(Self.secret)", \(options)}
                  sales.Noted: *receiver
            """)
        let applied = try await fleet.flotilla("apply")
        guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
        sales = try fleet.store("sales.db")
    }

    /// The rows of keys `k0`, `k1` … with numbers that grow within each key; of two types in turns.
    static func rows(_ numbers: Range<Int>, keys: Int) -> [OutboxRow] {
        numbers.flatMap { number in
            (0..<keys).map { key in
                OutboxRow(key: "k\(key)", type: number % 2 == 0 ? "Sold" : "Noted", payload: "{\"number\": \(number)}")
            }
        }
    }

    func publish(_ rows: [OutboxRow]) async throws {
        try await sales.write { database in
            for row in rows { try row.insert(database) }
        }
    }

    struct Status: Decodable {
        struct View: Decodable {
            var view: String
            var pending: Int?
            var parked: Int
            var retrying: Int
            var waiting: Int
            var lastError: String?

            enum CodingKeys: String, CodingKey {
                case view, pending, parked, retrying, waiting
                case lastError = "last_error"
            }
        }
        var views: [View]
    }

    /// How the push is doing, as `flotilla status` tells it.
    func status() async throws -> Status.View {
        let result = try await fleet.flotilla("status", "--json")
        let status = try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
        guard let row = status.views.first(where: { $0.view == "billing.push" }) else {
            throw Trouble("no status of billing.push: \(result.said)")
        }
        return row
    }

    /// Lines of `flotilla parked list --json`.
    func parked() async throws -> [String] {
        let result = try await fleet.flotilla("parked", "list", "--json")
        guard result.ended(0) else { throw Trouble(result.said) }
        return result.output.split(separator: "\n").map(String.init)
    }
}

extension HTTPReceiver {
    /// The bodies of one key, in the order in which they arrived for the first time.
    func firsts(of key: String) -> [String] {
        var seen: Set<String> = []
        return requests.filter { $0["ce-partitionkey"] == key && seen.insert($0["ce-id"] ?? "").inserted }.map(\.body)
    }

    /// The same, of those that it took.
    static func bodies(_ numbers: Range<Int>) -> [String] { numbers.map { "{\"number\": \($0)}" } }
}
