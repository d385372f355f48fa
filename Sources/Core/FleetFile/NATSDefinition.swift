/// Where a NATS server or cluster is, and as whom it is entered.
public struct NATSDefinition: Sendable, Hashable {
    /// Servers of one cluster. Their texts may hold secrets.
    public var servers: [StoreAddress]
    /// On how many servers each stream is. 1 by default.
    public var replicas: Int
    public var tls: TLSFiles?
    /// A file with a JWT and a seed; an absolute path.
    public var credentials: String?
    /// A file with the seed of an nkey; an absolute path.
    public var nkey: String?
    /// Where the servers tell how they are, over HTTP.
    public var monitors: [NATSMonitorDefinition]

    public init(
        servers: [StoreAddress], replicas: Int = 1, tls: TLSFiles? = nil, credentials: String? = nil,
        nkey: String? = nil, monitors: [NATSMonitorDefinition] = []
    ) {
        self.servers = servers
        self.replicas = replicas
        self.tls = tls
        self.credentials = credentials
        self.nkey = nkey
        self.monitors = monitors
    }

    /// The addresses as they may be shown.
    public var description: String { servers.map(\.description).joined(separator: ", ") }
}

/// The monitoring endpoint of a NATS server.
public struct NATSMonitorDefinition: Sendable, Hashable {
    /// `http://HOST:PORT`, without a path.
    public var url: String
    /// `HOST:PORT`.
    public var name: String

    public init(url: String, name: String) {
        self.url = url
        self.name = name
    }
}

/// Certificates and keys of a secure connection, in files of PEM form; absolute paths.
public struct TLSFiles: Sendable, Hashable {
    /// Who is trusted to have signed the server's certificate; the system's where it is `nil`.
    public var authority: String?
    /// The client's own, where the server asks for one.
    public var certificate: String?
    public var key: String?

    public init(authority: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }
}
