import Certificates
import FleetCore
import FleetFile

/// A file of certificates that a fleet's file names.
struct CertificateSource: Sendable, Hashable {
    /// How it is called, for people: `page`, `orders, as a client`.
    var name: String
    var path: String
    /// Whether it holds whom to trust, and not a certificate of one's own.
    var isAuthority = false

    /// What this process shows to others.
    static let served: Set<String> = ["page", "metrics"]

    var end: Timestamp {
        get throws { try isAuthority ? CertificateFile.authorityEnd(path) : CertificateFile.chainEnd(path) }
    }
}

extension FleetDefinition {
    /// The files of certificates that the fleet's file names, each once.
    var certificates: [CertificateSource] {
        var sources: [CertificateSource] = []
        func add(_ name: String, _ path: String?, isAuthority: Bool = false) {
            guard let path, !sources.contains(where: { $0.path == path && $0.isAuthority == isAuthority }) else {
                return
            }
            sources.append(CertificateSource(name: name, path: path, isAuthority: isAuthority))
        }
        for (name, serving) in [("page", page), ("metrics", metrics)] {
            // A certificate that both show is in each of them by itself.
            if let tls = serving?.tls { sources.append(CertificateSource(name: name, path: tls.certificate)) }
        }
        add("broker, as a client", broker.nats?.tls?.certificate)
        add("broker, its authority", broker.nats?.tls?.authority, isAuthority: true)
        add("telemetry, its authority", telemetry?.collector?.authorities, isAuthority: true)
        for service in services {
            for push in service.push {
                add("push to \(service.name), its authority", push.endpoint.authorities, isAuthority: true)
            }
            let files = Connectors.certificateFiles(of: service.store)
            add("store of \(service.name), as a client", files.certificate)
            add("store of \(service.name), its authority", files.authority, isAuthority: true)
        }
        if let store = state.store {
            let files = Connectors.certificateFiles(of: store)
            add("state, as a client", files.certificate)
            add("state, its authority", files.authority, isAuthority: true)
        }
        return sources
    }
}

/// A server that is connected to with TLS, or may be.
struct CertificatePeer: Sendable, Hashable {
    /// How it is called, for people: `PostgreSQL at db.example:5432`.
    var name: String
    var server: PeerCertificate
    /// Whether nothing is said to it at a private address, as `private: forbid` has it.
    var isPublic: Bool

    init(
        _ what: String, _ host: String, _ port: Int, _ opening: PeerCertificate.Opening = .none, isPublic: Bool = false
    ) {
        self.isPublic = isPublic
        name = "\(what) at \(host.contains(":") ? "[\(host)]" : host):\(port)"
        server = PeerCertificate(host: host, port: port, opening: opening)
    }
}

extension FleetDefinition {
    /// The servers of the fleet's stores, of its broker, and behind its pushes, each once.
    var certificatePeers: [CertificatePeer] {
        var peers: [CertificatePeer] = []
        for server in broker.nats?.servers ?? [] {
            let (host, port) = Self.place(server.text)
            peers.append(CertificatePeer("NATS", host, port ?? 4222, .nats))
        }
        for store in services.map(\.store) + [state.store].compactMap(\.self) {
            peers += Connectors.servers(of: store).map { CertificatePeer("PostgreSQL", $0.host, $0.port, .postgres) }
        }
        for push in services.flatMap(\.push) where push.endpoint.url.lowercased().hasPrefix("https:") {
            let (host, port) = Self.place(push.endpoint.url)
            peers.append(
                CertificatePeer("push endpoint", host, port ?? 443, isPublic: !push.endpoint.allowsPrivateAddresses))
        }
        var seen: Set<CertificatePeer> = []
        return peers.filter { seen.insert($0).inserted }
    }

    /// Host and port of a URL that was checked.
    private static func place(_ url: String) -> (host: String, port: Int?) {
        let rest = url[(url.firstRange(of: "://")?.upperBound ?? url.startIndex)...].prefix { !"/?#".contains($0) }
        let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            let port = Int(place[end...].dropFirst(2))
            return (String(place[..<end].dropFirst()), port)
        }
        let parts = place.split(separator: ":", maxSplits: 1)
        return (String(parts.first ?? ""), parts.count > 1 ? Int(parts[1]) : nil)
    }
}
