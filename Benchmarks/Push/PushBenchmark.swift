import Brokers
import EmbeddedBroker
import FleetCore
import Foundation
import HTTPEndpoint
import Push
import SQLiteStore
import Stores
import Subscriptions
import TestKit
import Wire

/// Events pushed to a local receiver, against what `wrk` reaches at the same receiver with the same body, headers and number
/// of connections. Broker, cursor and signatures are part of the push.
enum PushBenchmark {
    static let count = 60_000
    static let connections = 16

    static func run(_ workspace: Workspace) async throws {
        guard let wrk = Command("wrk") else {
            print("wrk is not installed (Debian: apt-get install wrk)")
            return
        }
        let receiver = try await QuickReceiver()
        let url = "http://127.0.0.1:\(receiver.port)/events"
        // In turns, as the machine is not the same at any two times.
        var limits: [Double] = []
        var rates: [Double] = []
        for round in 0..<3 {
            limits.append(try measure(wrk, url, workspace))
            rates.append(Double(count) / (try await push(to: url, workspace, round: round)))
        }
        let (limit, rate) = (limits.sorted()[1], rates.sorted()[1])
        try await receiver.stop()
        print("wrk, \(connections) connections:              \(Int(limit)) requests a second")
        print("pushed, signed, \(connections) in flight:     \(Int(rate)) events a second")
        print("ratio: \(rounded(rate / limit)) (wanted: at least 0.50)")
    }

    // MARK: wrk

    /// What a push says of an event, a line each.
    private static func headers() -> [(name: String, value: String)] {
        let event = event(0)
        var fields = RequestFields()
        CloudEventsHTTP.write(event, id: event.id.description, to: &fields)
        fields.add("user-agent", "flotilla")
        fields.add("webhook-id", event.id.description)
        fields.add("webhook-timestamp", "1700000000")
        fields.add("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        return String(decoding: fields.bytes, as: UTF8.self).components(separatedBy: "\r\n").compactMap { line in
            line.range(of: ": ").map { (String(line[..<$0.lowerBound]), String(line[$0.upperBound...])) }
        }
    }

    private static func measure(_ wrk: Command, _ url: String, _ workspace: Workspace) throws -> Double {
        let script =
            "wrk.method = \"POST\"\nwrk.body = [[\(Rows.payload(0))]]\n"
            + headers().map { "wrk.headers[\"\($0.name)\"] = [[\($0.value)]]\n" }.joined()
        let path = workspace.file("push.lua")
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try wrk.run(["-t1", "-c\(connections)", "-d3s", "-s", path, url])
        let line = result.output.split(separator: "\n").first { $0.hasPrefix("Requests/sec:") }
        guard let rate = line.flatMap({ Double($0.dropFirst(13).trimmingCharacters(in: .whitespaces)) }) else {
            throw CheckFailure("wrk did not say how fast it was: \(result.output)")
        }
        return rate
    }

    // MARK: Push

    private static let stream = StreamName(
        fleet: FleetName(unchecked: "bench"), service: ServiceName(unchecked: "orders"))

    private static func event(_ number: Int) -> Event {
        Event(
            id: .make(), source: stream.source, type: "OrderPlaced", key: "O\(number % 1000)", aggregateType: "order",
            time: .now(), payload: Array(Rows.payload(number).utf8))
    }

    private static func push(to url: String, _ workspace: Workspace, round: Int) async throws -> Double {
        let subscription = SubscriptionName.push(to: ServiceName(unchecked: "reports"))
        let retention = Retention(age: .seconds(86_400), size: .gibibytes(8), limit: .gibibytes(16))
        let directory = workspace.file("streams-\(round)")
        _ = try await EmbeddedBrokerSetup(directory: directory, retention: retention).apply(
            BrokerNeeds(streams: [stream], subscriptions: [(subscription, stream)]))
        let broker = EmbeddedBroker(directory: directory, retention: retention)
        for start in stride(from: 0, to: count, by: 4096) {
            _ = try await broker.append((start..<min(start + 4096, count)).map(event), to: stream)
        }
        let path = workspace.file("reports-\(round).db")
        _ = try await SQLiteSetup(path: path, name: path).apply(StoreNeeds(outbox: nil, views: [], isPushedTo: true))
        let endpoint = HTTPEndpoint(
            .init(
                url: url, name: url, secret: try WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                connections: connections))
        let plan = PushPlan(
            subscription: subscription, stream: stream,
            targets: [.init(endpoint: endpoint, inFlightLimit: connections, attempts: 10)],
            routes: ["OrderPlaced": 0])
        let changes = ChangeSignal()
        let progress = FleetCore.Progress(name: "push", changes: changes)
        let service = PushService(
            plan: plan, stores: OneStore(path: path), broker: broker, patience: .milliseconds(10), progress: progress)
        let time = await PerfControl.counted {
            await seconds {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await service.run() }
                    // Delivered, and noted.
                    while progress.snapshot.count < count || !progress.snapshot.isIdle {
                        await changes.wait(past: changes.generation, timeout: .milliseconds(2))
                    }
                    group.cancelAll()
                }
            }
        }
        await endpoint.close()
        await broker.close()
        return time
    }

    private struct OneStore: StoreProvider {
        let path: String

        func store() async throws -> any Store { try SQLiteStore(path: path) }
        func discard(_ store: any Store) async { await store.close() }
    }
}
