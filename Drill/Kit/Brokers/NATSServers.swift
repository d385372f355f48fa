#if NATS
    import Foundation
    import TestKit

    /// NATS JetStream: one server, or a cluster of three.
    final class NATSServers: DrillBroker {
        private let servers: [NATSServer]
        private let leash: Leash
        /// The first server's; `nil` where nothing can be mounted.
        private let disk: SmallDisk?
        let wires: [Wire]

        private static let diskSize = 512 * 1024

        init(isCluster: Bool, leash: Leash) async throws {
            self.leash = leash
            servers = isCluster ? try await NATSCluster().servers : [try await NATSServer()]
            wires = try servers.enumerated().map { number, server in
                Wire(name: "to nats-server \(number + 1)", proxy: try CuttableProxy(to: server.port))
            }
            disk = try await Blocking.run { try SmallDisk(kibibytes: Self.diskSize) }
            if let disk {
                leash.mounted(disk.path)
                try await servers[0].move(to: disk.path)
            }
        }

        var kinds: Set<Fault.Kind> {
            var kinds: Set<Fault.Kind> = [.killBroker, .pauseBroker]
            if servers.count > 1 { kinds.insert(.killEveryBroker) }
            if disk != nil { kinds.insert(.fillDisk) }
            return kinds
        }

        var text: String {
            let urls = wires.map { "nats://127.0.0.1:\($0.proxy.port)" }.joined(separator: ",")
            return "{engine: nats, url: \"\(urls)\", replicas: \(servers.count)}"
        }

        var stateDirectory: String? { nil }

        func carryOut(_ fault: Fault, lasting: () async -> Void) async throws {
            let server = servers[fault.choice % servers.count]
            switch fault.kind {
            case .killBroker: try await restart([server], lasting)
            case .killEveryBroker: try await restart(servers, lasting)
            case .pauseBroker:
                guard let process = server.processID else { return }
                leash.started(process)
                try await server.pause()
                await lasting()
                server.resume()
                leash.ended(process)
            case .fillDisk:
                guard let disk else { return }
                try await Blocking.run { try disk.fill() }
                await lasting()
                try await Blocking.run { try disk.free() }
                // JetStream has turned itself off where it could not write, until the server is started again.
                try await restart([servers[0]]) {}
            default: break
            }
        }

        private func restart(_ servers: [NATSServer], _ lasting: () async -> Void) async throws {
            try await Blocking.run { for server in servers { server.kill() } }
            await lasting()
            for server in servers where !Task.isCancelled { try await server.start() }
        }

        func close() async throws {
            try await Blocking.run { [servers, disk] in
                for server in servers {
                    server.kill()
                    try? FileManager.default.removeItem(atPath: server.directory.path)
                }
                disk?.remove()
            }
            if let disk { leash.unmounted(disk.path) }
        }
    }
#endif
