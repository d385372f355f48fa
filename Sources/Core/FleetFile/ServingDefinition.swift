/// Where a process serves something over HTTP: its signals, or its page.
public struct ServingDefinition: Sendable, Hashable, CustomStringConvertible {
    /// A certificate and its key, as files in PEM form.
    public struct TLS: Sendable, Hashable {
        /// The server's certificate, and those between it and its authority.
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// An address of this machine, or a name of it.
    public var host: String
    /// 0 for one that is free.
    public var port: Int
    /// What whoever asks must know; `nil` where everybody may ask. It is a secret, and never printed.
    public var token: String?
    /// `nil` for plain HTTP.
    public var tls: TLS?

    public init(host: String, port: Int, token: String? = nil, tls: TLS? = nil) {
        self.host = host
        self.port = port
        self.token = token
        self.tls = tls
    }

    /// Reads `HOST:PORT`, with brackets around an address of IPv6. `nil` where it is none.
    public init?(address text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@%[]".utf8.contains($0) }
        guard !host.isEmpty, isPlain else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// `HOST:PORT`, as in a URL.
    public var address: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// The address, and nothing that is secret.
    public var description: String { address }

    /// Whether only this machine reaches it.
    public var isLoopback: Bool { Self.isLoopback(host) }

    /// Whether a host is of the loopback interface: an address of it, or `localhost`.
    public static func isLoopback(_ host: String) -> Bool {
        if host == "::1" || host.lowercased() == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in UInt8(part) != nil && part.utf8.allSatisfy { (48...57).contains($0) } }
    }
}
