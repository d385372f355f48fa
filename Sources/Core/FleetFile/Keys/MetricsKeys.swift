internal import FleetCore

/// Reads `metrics`: where signals are served.
struct MetricsKeys {
    static let usualPort = 9464

    let values: ValueReader

    func read(_ field: NamedValue?) -> MetricsDefinition? {
        guard let field, let fields = values.fields(field.value, "\"metrics\"", known: ["listen"]) else { return nil }
        let remedy = "add listen: \"127.0.0.1:\(Self.usualPort)\""
        guard let listen = values.required("listen", of: fields, field.value, "\"metrics\"", remedy: remedy),
            let read = values.text(listen.value, "\"listen\"")
        else { return nil }
        guard let (host, port) = Self.split(read.text) else {
            values.log.error(
                at: read.mark, "\(read.shown) is no address to listen at",
                remedy: "write \"127.0.0.1:\(Self.usualPort)\", \"[::1]:\(Self.usualPort)\", or port 0 for a free one")
            return nil
        }
        guard Self.isLoopback(host) else {
            values.log.error(
                at: read.mark,
                "\(read.shown) is not on the loopback interface, and without TLS and a token nothing is served"
                    + " elsewhere; this build has neither",
                remedy: "write \"127.0.0.1:\(port)\", and put a proxy with TLS in front of it for others to reach it")
            return nil
        }
        return MetricsDefinition(host: host, port: port)
    }

    private static func split(_ text: String) -> (host: String, port: Int)? {
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
        return host.isEmpty || !isPlain ? nil : (String(host), Int(port))
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "::1" || host.lowercased() == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in UInt8(part) != nil && part.utf8.allSatisfy { (48...57).contains($0) } }
    }
}
