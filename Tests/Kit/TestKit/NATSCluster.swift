/// Three nats-servers with JetStream that hold streams together.
public final class NATSCluster: Sendable {
    public let servers: [NATSServer]

    /// Starts them, and waits until JetStream has a leader.
    ///
    /// They tell clients nothing of each other, so that whoever goes through a proxy goes on doing so.
    public init(settings: String = "") async throws {
        let ports = try (0..<3).map { _ in try LoopbackPort.free() }
        let routes = ports.map { "\"nats://127.0.0.1:\($0)\"" }.joined(separator: ", ")
        var servers: [NATSServer] = []
        for (number, port) in ports.enumerated() {
            servers.append(
                try await NATSServer(
                    settings: """
                        server_name: "n\(number + 1)"
                        cluster { name: "flotilla", listen: "127.0.0.1:\(port)", routes: [\(routes)], no_advertise: true }
                        \(settings)
                        """))
        }
        self.servers = servers
    }

    /// All of them, with commas between.
    public var url: String { servers.map(\.url).joined(separator: ",") }
}
