import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Three nats-servers with JetStream that hold streams together.
public final class NATSCluster: Sendable {
    public let servers: [NATSServer]
    private let monitors: [Int]

    /// Starts them, and waits until JetStream has a leader.
    ///
    /// They tell clients nothing of each other, so that whoever goes through a proxy goes on doing so.
    public init(settings: String = "") async throws {
        let ports = try (0..<3).map { _ in try LoopbackPort.free() }
        let routes = ports.map { "\"nats://127.0.0.1:\($0)\"" }.joined(separator: ", ")
        let monitors = try (0..<3).map { _ in try LoopbackPort.free() }
        var servers: [NATSServer] = []
        for (number, port) in ports.enumerated() {
            servers.append(
                try await NATSServer(
                    settings: """
                        server_name: "\(Self.name(number))"
                        http: "127.0.0.1:\(monitors[number])"
                        cluster { name: "flotilla", listen: "127.0.0.1:\(port)", routes: [\(routes)], no_advertise: true }
                        \(settings)
                        """))
        }
        self.servers = servers
        self.monitors = monitors
        try await eventually("JetStream has a leader, and all servers follow") {
            for number in servers.indices {
                let cluster = await report(of: number)?.cluster
                if cluster?.leader == Self.name(number) { return hasAll(cluster) }
            }
            return false
        }
    }

    /// All of them, with commas between.
    public var url: String { servers.map(\.url).joined(separator: ",") }

    /// The place among ``servers`` of the one that leads a stream.
    public func leader(of stream: String) async throws -> Int {
        var found: Int?
        try await eventually("stream \(stream) is led") {
            for number in servers.indices where await cluster(of: stream, at: number)?.leader == Self.name(number) {
                found = number
            }
            return found != nil
        }
        guard let found else { throw CheckFailure("nobody leads stream \(stream)") }
        return found
    }

    /// Whether all servers hold a stream, and have all of it, as one that leads it says.
    public func hasAll(of stream: String) async -> Bool {
        for number in servers.indices {
            guard let led = await cluster(of: stream, at: number), led.leader == Self.name(number) else { continue }
            return hasAll(led)
        }
        return false
    }

    private func hasAll(_ led: Report.Cluster?) -> Bool {
        let others = led?.replicas ?? []
        return others.count == servers.count - 1 && others.allSatisfy { $0.isCurrent && $0.isOffline != true }
    }

    private static func name(_ number: Int) -> String { "n\(number + 1)" }

    /// What a server knows of those who hold a stream.
    private func cluster(of stream: String, at number: Int) async -> Report.Cluster? {
        let accounts = await report(of: number)?.accounts ?? []
        return accounts.flatMap { $0.streams ?? [] }.first { $0.name == stream }?.cluster
    }

    private func report(of number: Int) async -> Report? {
        guard let url = URL(string: "http://127.0.0.1:\(monitors[number])/jsz?streams=true"),
            let (data, _) = try? await URLSession.shared.data(for: URLRequest(url: url, timeoutInterval: 10))
        else { return nil }
        return try? JSONDecoder().decode(Report.self, from: data)
    }

    /// `/jsz` (https://docs.nats.io/running-a-nats-service/nats_admin/monitoring), as far as it is of use here.
    private struct Report: Decodable {
        struct Account: Decodable {
            var streams: [Stream]?
            enum CodingKeys: String, CodingKey { case streams = "stream_detail" }
        }
        struct Stream: Decodable {
            var name: String
            var cluster: Cluster?
        }
        struct Cluster: Decodable {
            var leader: String?
            var replicas: [Replica]?
        }
        struct Replica: Decodable {
            var isCurrent: Bool
            var isOffline: Bool?
            enum CodingKeys: String, CodingKey { case isCurrent = "current", isOffline = "offline" }
        }
        var cluster: Cluster?
        var accounts: [Account]?
        enum CodingKeys: String, CodingKey { case cluster = "meta_cluster", accounts = "account_details" }
    }
}
