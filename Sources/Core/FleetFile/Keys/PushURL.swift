internal import FleetCore

/// The syntax of an endpoint's URL: what of it is needed to tell what is wrong, and to show it.
struct PushURL {
    let isSecure: Bool
    /// `http://host:port`.
    private let origin: String
    private let hasPath: Bool
    /// Whether it is on this machine.
    let isLoopback: Bool

    private static let longest = 2048

    /// - Throws: `invalidInput` with the cure. The message goes on after the key's name, and quotes nothing: anything may
    ///   be a secret.
    init(_ text: String) throws(FleetError) {
        func fault(_ message: String, _ remedy: String) -> FleetError {
            FleetError(.invalidInput, message, remedy: remedy)
        }
        guard let scheme = StoreURL.scheme(of: text), ["http", "https"].contains(scheme) else {
            throw fault("is no URL of http or https", "write http://HOST:PORT/PATH")
        }
        guard text.utf8.count <= Self.longest else {
            throw fault("is longer than \(Self.longest) bytes", "shorten it")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"\"<>\\^`{|}".utf8.contains($0) }) else {
            throw fault("has a character that no URL has", "write it as % and two hexadecimal digits")
        }
        isSecure = scheme == "https"
        let rest = StoreURL.rest(of: text)
        guard rest.hasPrefix("//") else {
            throw fault("is no URL of http or https", "write \(scheme)://HOST:PORT/PATH")
        }
        let authority = rest.dropFirst(2).prefix { !"/?#".contains($0) }
        hasPath = rest.dropFirst(2).count > authority.count + 1
        if authority.contains("@") {
            throw fault(
                "has a user or a password, which are not sent", "remove them: requests are signed with `secret`")
        }
        if text.contains("#") { throw fault("has a fragment, which is not sent", "remove what begins with #") }
        let (host, port) = try Self.split(authority)
        guard !host.isEmpty else { throw fault("names no host", "write \(scheme)://HOST:PORT/PATH") }
        if let port {
            guard let number = UInt16(port), number > 0 else {
                throw fault("has no port between 1 and 65535 after the colon", "write \(scheme)://HOST:PORT/PATH")
            }
        }
        isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        origin = "\(scheme)://\(authority)"
    }

    private static func split(_ authority: Substring) throws(FleetError) -> (host: Substring, port: Substring?) {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw FleetError(
                    .invalidInput, "has a [ that is not closed", remedy: "write http://[ADDRESS]:PORT/PATH")
            }
            let after = authority[authority.index(after: end)...]
            let host = authority[authority.index(after: authority.startIndex)..<end]
            if after.isEmpty { return (host, nil) }
            guard after.hasPrefix(":") else {
                throw FleetError(
                    .invalidInput, "has something between ] and :", remedy: "write http://[ADDRESS]:PORT/PATH")
            }
            return (host, after.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    /// The URL without what may be secret: the query, and all behind the host where a variable gave a part of it.
    func shown(_ text: FieldText) -> String {
        if text.hasVariables { return hasPath ? origin + "/…" : origin }
        return Shown.cut(text.text)
    }
}
