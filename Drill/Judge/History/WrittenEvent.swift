public import FleetCore

/// An event that a writer put into a transaction.
public struct WrittenEvent: Sendable, Hashable {
    /// What is to become of it once its transaction commits.
    public enum Kind: String, Codable, Sendable {
        /// Every view applies it.
        case ordinary
        /// It lacks a field that views need: each view parks it, and later events of its key wait behind it.
        case poison
        /// Its type is not in `publishes`: the outbox parks it, and later events of its key wait there.
        case undeclared
    }

    public var id: EventID
    public var key: String
    /// 1, 2, 3 … in the order in which the transactions of the key commit: a counter of the key, locked up to the commit.
    public var version: Int
    public var kind: Kind

    public init(id: EventID, key: String, version: Int, kind: Kind = .ordinary) {
        self.id = id
        self.key = key
        self.version = version
        self.kind = kind
    }
}

/// Written as an array, `[id, key, version]` or `[id, key, version, kind]`: a history has hundreds of thousands.
extension WrittenEvent: Codable {
    public init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        let text = try values.decode(String.self)
        guard let id = EventID(text) else {
            throw DecodingError.dataCorruptedError(in: values, debugDescription: "\(text) is no event id")
        }
        self.id = id
        key = try values.decode(String.self)
        version = try values.decode(Int.self)
        kind = values.isAtEnd ? .ordinary : try values.decode(Kind.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        try values.encode(id.description)
        try values.encode(key)
        try values.encode(version)
        if kind != .ordinary { try values.encode(kind) }
    }
}
