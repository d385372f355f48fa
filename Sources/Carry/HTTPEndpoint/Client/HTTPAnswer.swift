import FleetCore

/// What a server said.
struct HTTPAnswer: Sendable {
    var status: Int
    /// The header, from its first field on; empty where nobody asked for it.
    var fields: [UInt8] = []
    /// What the status line says behind the number.
    var reason = ""
    /// The body, as far as it is kept.
    var body: [UInt8] = []
    /// Whether the body did not come to its end: it is too long, too slow, or broke off.
    var isCut = false

    /// The fields, with names in lower case, in the order in which they came.
    var headers: [(String, String)] {
        fields.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[(colon + 1)...].drop(while: Self.isBlank)
            let end = value.lastIndex { !Self.isBlank($0) }.map { $0 + 1 } ?? value.startIndex
            return (
                String(decoding: line[..<colon], as: UTF8.self).lowercased(),
                String(decoding: value[..<end], as: UTF8.self)
            )
        }
    }

    /// The first field of a name in lower case.
    func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}

/// What an answer is read for.
struct AnswerDemand: Sendable {
    /// Whether only the header comes, as to `HEAD`.
    var isWithoutBody = false
    /// Whether the header of a success is kept as well.
    var keepsHeader: Bool
    /// So much of a body is kept.
    var keptBody: ByteCount
    /// A longer body is not read to its end.
    var longestBody: ByteCount
}
