/// Where a request goes, as its URL says.
struct HTTPAddress: Hashable, Sendable {
    /// Who is connected to.
    struct Origin: Hashable, Sendable {
        var isSecure: Bool
        /// A name, or an address without brackets.
        var host: String
        var port: Int
    }

    let origin: Origin
    /// The value of `host`: with the port where it is not the scheme's own.
    let hostField: String
    /// Path and query.
    let target: String

    /// - Returns: `nil` for what is no URL of http or https that a request can be made of. User and password are not sent.
    init?(_ url: String) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        var rest = url.dropFirst(scheme.count)
        guard rest.hasPrefix("://") else { return nil }
        rest = rest.dropFirst(3).prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        guard !authority.contains("@"), let (host, port) = Self.split(authority) else { return nil }
        let usual = scheme == "https" ? 443 : 80
        origin = Origin(isSecure: scheme == "https", host: host, port: port ?? usual)
        let shown = host.contains(":") ? "[\(host)]" : host
        hostField = origin.port == usual ? shown : "\(shown):\(origin.port)"
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        let host: Substring
        var after: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            after = authority[authority.index(after: end)...]
            guard host.contains(":") else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            after = authority[host.endIndex...]
        }
        guard !host.isEmpty else { return nil }
        if after.isEmpty { return (String(host), nil) }
        guard after.removeFirst() == ":" else { return nil }
        if after.isEmpty { return (String(host), nil) }
        guard after.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(after), port > 0 else {
            return nil
        }
        return (String(host), Int(port))
    }
}
