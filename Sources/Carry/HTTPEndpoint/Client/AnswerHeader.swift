/// Status line and fields of an answer: what they say of the frame of its body.
struct AnswerHeader {
    enum Frame { case none, length(Int), chunks, untilEnd }

    private(set) var answer: HTTPAnswer
    private(set) var frame = Frame.untilEnd
    private(set) var staysOpen: Bool

    private var length: Int?
    private var isChunked = false
    private var hasCoding = false
    private var saysClose = false

    /// - Parameter bytes: through the empty line at the end.
    /// - Returns: `nil` for what is no header.
    init?(_ bytes: Slice<UnsafeRawBufferPointer>, _ demand: AnswerDemand) {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        var lines = Lines(bytes: bytes)
        // `HTTP/1.1 204 No Content`
        guard let first = lines.next(), first.count >= 12, first[8] == 0x20, Self.isDigit(first[7]),
            first.count == 12 || first[12] == 0x20
        else { return nil }
        var status = 0
        for byte in first[9..<12] {
            guard Self.isDigit(byte) else { return nil }
            status = status * 10 + Int(byte - 0x30)
        }
        guard status >= 100 else { return nil }
        answer = HTTPAnswer(status: status)
        staysOpen = first[7] != UInt8(ascii: "0")
        let start = lines.index
        while let line = lines.next(), !line.isEmpty {
            guard takeField(line) else { return nil }
        }
        if demand.keepsHeader || !(200...299).contains(status) {
            answer.fields = Array(bytes[start...])
            answer.reason = String(decoding: first.dropFirst(13), as: UTF8.self)
        }
        // Who gives both lengths may mean another than we do.
        if saysClose || hasCoding && length != nil { staysOpen = false }
        if status < 200 || status == 204 || status == 304 || demand.isWithoutBody {
            frame = .none
        } else if isChunked {
            frame = .chunks
        } else if !hasCoding, let length {
            frame = .length(length)
        } else {
            staysOpen = false
        }
    }

    private mutating func takeField(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[..<colon].allSatisfy(Self.isName)
        else {
            return false
        }
        // By length first: most fields are none of these.
        switch colon {
        case 14 where Self.isName(line, "content-length"):
            for part in Self.list(line, after: colon) {
                guard !part.isEmpty, part.count <= 18, part.utf8.allSatisfy(Self.isDigit), let value = Int(part),
                    value == length ?? value
                else { return false }
                length = value
            }
        case 17 where Self.isName(line, "transfer-encoding"):
            hasCoding = true
            for part in Self.list(line, after: colon) { isChunked = part == "chunked" }
        case 10 where Self.isName(line, "connection"):
            for part in Self.list(line, after: colon) {
                if part == "close" { saysClose = true }
                if part == "keep-alive" { staysOpen = true }
            }
        default: break
        }
        return true
    }

    /// The members of a field's value, in lower case.
    private static func list(_ line: UnsafeRawBufferPointer, after colon: Int) -> [Substring] {
        let value = String(decoding: line[(colon + 1)...], as: UTF8.self).lowercased()
        return value.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let begun = part.drop { $0 == " " || $0 == "\t" }
            let end = begun.lastIndex { $0 != " " && $0 != "\t" }.map { begun.index(after: $0) } ?? begun.startIndex
            return begun[..<end]
        }
    }

    private static func isName(_ line: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        for index in 0..<name.utf8CodeUnitCount where line[index] | 0x20 != name.utf8Start[index] { return false }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Whether a byte may stand in the name of a field (RFC 9110, 5.6.2).
    static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x7C, 0x7E: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E: true
        default: false
        }
    }

    /// Lines without their ends.
    private struct Lines {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        mutating func next() -> UnsafeRawBufferPointer? {
            guard index < bytes.count else { return nil }
            let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            defer { index = end + 1 }
            var line = bytes[index..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            return UnsafeRawBufferPointer(rebasing: line)
        }
    }
}
