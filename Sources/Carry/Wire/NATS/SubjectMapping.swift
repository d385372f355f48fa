public import FleetCore

/// The subjects of a service's messages on NATS: one for each event, and those that the stream takes them from.
///
/// A subject is made of tokens between dots. An event may have any text as its type; what no token can hold is written as
/// in a URL (`%20`), in the subject alone: the headers keep the text. No two texts meet in one subject.
public struct SubjectMapping: Sendable, Hashable {
    private enum Piece: Hashable {
        case literal(String)
        case aggregateType
        case type

        var isLiteral: Bool {
            if case .literal = self { return true }
            return false
        }
    }

    /// Between two dots of the pattern.
    private typealias Token = [Piece]

    private let tokens: [Token]
    /// Whether the last token is one part of an event alone, whose dots stand as dots.
    private let endsOpen: Bool

    /// The longest text of an event that stands in a subject as it is, in bytes. A server takes lines of 4 KiB.
    private static let longest = 512

    /// - Throws: `invalidInput` where no stream can have subjects of this pattern, with the cure.
    public init(stream: StreamName, topic: TopicPattern? = nil) throws(FleetError) {
        let tokens = Self.tokens(of: topic ?? .standardSubject, in: stream)
        for token in tokens where token.allSatisfy({ $0 == .literal("") }) {
            throw FleetError(
                .invalidInput, "no subject of NATS begins or ends with a dot, or has two together",
                remedy: "put a word between the dots")
        }
        guard tokens.first?.allSatisfy(\.isLiteral) ?? false else {
            throw FleetError(
                .invalidInput, "on NATS the first word of a topic is the same for all events of a service",
                remedy: "begin with one: \(TopicPattern.standardSubject)")
        }
        self.tokens = tokens
        endsOpen = tokens.last.map { $0.count == 1 && !$0[0].isLiteral } ?? false
    }

    private static func tokens(of pattern: TopicPattern, in stream: StreamName) -> [Token] {
        var tokens: [Token] = [[]]
        func append(_ piece: Piece) { tokens[tokens.count - 1].append(piece) }
        for part in pattern.parts {
            switch part {
            case .literal(let text):
                let words = text.split(separator: ".", omittingEmptySubsequences: false)
                for (number, word) in words.enumerated() {
                    if number > 0 { tokens.append([]) }
                    if !word.isEmpty { append(.literal(String(word))) }
                }
            case .placeholder(.fleet): append(.literal(stream.fleet.text))
            case .placeholder(.service): append(.literal(stream.service.text))
            case .placeholder(.aggregateType): append(.aggregateType)
            case .placeholder(.type): append(.type)
            }
        }
        return tokens
    }

    /// What a stream is to take, as NATS writes it: `*` stands for one token, `>` for one or more at the end.
    public var filter: String {
        var words: [String] = []
        for (number, token) in tokens.enumerated() {
            if endsOpen, number == tokens.count - 1 {
                words.append(">")
            } else if token.allSatisfy(\.isLiteral) {
                words.append(text(of: token) { _ in "" })
            } else {
                words.append("*")
            }
        }
        return words.joined(separator: ".")
    }

    /// Whether an event of one could have a subject that the other takes.
    public func overlaps(_ other: SubjectMapping) -> Bool {
        var (ours, theirs) = (filter.split(separator: ".")[...], other.filter.split(separator: ".")[...])
        while let our = ours.popFirst() {
            guard let their = theirs.popFirst() else { return false }
            if our == ">" || their == ">" { return true }
            if our != "*", their != "*", our != their { return false }
        }
        return theirs.isEmpty
    }

    /// The subject of an event.
    public func subject(of event: Event) -> String {
        var subject = ""
        for (number, token) in tokens.enumerated() {
            if number > 0 { subject += "." }
            let isOpen = endsOpen && number == tokens.count - 1
            subject += text(of: token) { piece in
                Self.safe(piece == .type ? event.type : event.aggregateType, keepsDots: isOpen)
            }
        }
        return subject
    }

    private func text(of token: Token, _ value: (Piece) -> String) -> String {
        var text = ""
        for piece in token {
            if case .literal(let literal) = piece { text += literal } else { text += value(piece) }
        }
        return text
    }

    /// A text as a subject can hold it. `%` is written as `%25`, so that nothing else becomes what is written here.
    static func safe(_ text: String, keepsDots: Bool) -> String {
        if text.isEmpty { return "%" }
        let bytes = Array(text.utf8)
        if bytes.count <= longest, bytes.allSatisfy(isPlain) { return text }
        var out: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if out.count > longest {
                // What is cut away still tells two texts apart.
                out.removeLast(out.count - (out.lastIndex(where: isBoundary) ?? 0))
                return String(decoding: out, as: UTF8.self) + "%~" + String(digest(of: bytes), radix: 16)
            }
            if byte == UInt8(ascii: ".") {
                let stands = keepsDots && index > 0 && index < bytes.count - 1 && bytes[index - 1] != byte
                out += stands ? [byte] : Array("%2E".utf8)
            } else if isPlain(byte) {
                out.append(byte)
            } else {
                out += PercentText.escape(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// What stands in a token as it is. A dot may be one between tokens, and is looked at apart.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F, UInt8(ascii: "*"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "."): false
        default: true
        }
    }

    /// Whether a text may be cut in front of a byte: not within a character, and not within what stands for one.
    private static func isBoundary(_ byte: UInt8) -> Bool { byte < 0x80 && byte >= UInt8(ascii: "a") }

    /// FNV-1a, 64 bits.
    private static func digest(of bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
