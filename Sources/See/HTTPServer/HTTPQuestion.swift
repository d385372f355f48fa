/// What a client asks for: everything of it that matters here.
public struct HTTPQuestion: Sendable {
    /// `GET`, `HEAD` or `POST`.
    public var method: String
    /// Without parameters: `/metrics`.
    public var path: String
    /// What stands behind the `?`, as it came; empty where there is none.
    public var query: String
    /// The fields of its head, in their order.
    public var fields: [HTTPField]
    public var body: [UInt8]
    /// Whether nobody else can read it on its way: it came over TLS.
    public var isSecure: Bool

    public init(
        method: String = "GET", path: String, query: String = "", fields: [HTTPField] = [], body: [UInt8] = [],
        isSecure: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.isSecure = isSecure
    }

    /// A field of the head; fields of one name are one list. `nil` where there is none.
    public func field(_ name: String) -> String? {
        let values = fields.filter { $0.name.lowercased() == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ",")
    }

    public var accept: String? { field("accept") }

    /// The first parameter of a name, decoded; `nil` where there is none, or it is no text.
    public func parameter(_ name: String) -> String? { HTTPForm.value(of: name, in: query) }
}

/// A field of a head.
public struct HTTPField: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Names and values as a form writes them: `a=1&b=two+words`.
public enum HTTPForm {
    /// The first value of a name; `nil` where there is none, or it is no text.
    public static func value(of name: String, in text: String) -> String? {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if decoded(parts[0]) == name { return parts.count > 1 ? decoded(parts[1]) : "" }
        }
        return nil
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
