import FleetCore
import NIOCore

/// Reads the answer to one request out of the bytes of a connection (RFC 9112), without I/O.
///
/// What is no HTTP is thrown, as early as it is known. Nothing is kept beyond what is asked for.
struct AnswerReader {
    /// These bytes are no answer of HTTP/1.
    struct Garbage: Error { var what: String }

    enum State: Equatable {
        case header
        /// So much of the body is to come.
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        /// The body ends with the connection.
        case untilEnd
        case done
    }

    private(set) var state = State.header
    private(set) var answer: HTTPAnswer?
    /// Whether anything of an answer came.
    private(set) var hasBegun = false
    /// Whether another request may follow on the connection.
    private(set) var staysOpen = false
    private let demand: AnswerDemand
    private var bodyLength = 0
    private var trailerLength = 0

    private static let longestHeader = 65_536
    private static let longestLine = 4096
    private static let beginning = Array("HTTP/1.".utf8)
    private static let lineFeed = UInt8(ascii: "\n")

    init(_ demand: AnswerDemand) {
        self.demand = demand
    }

    var isDone: Bool { state == .done }

    /// Takes as much as can be understood; what is left waits for more.
    mutating func read(_ bytes: inout ByteBuffer) throws(Garbage) {
        while !isDone, try step(&bytes) {}
    }

    /// Nothing more comes.
    /// - Parameter isEndOfConnection: whether the server ended it, as it may where it says no length.
    /// - Returns: what came of an answer; `nil` where not even its header did.
    mutating func end(isEndOfConnection: Bool) -> HTTPAnswer? {
        if state != .done, state != .untilEnd || !isEndOfConnection { answer?.isCut = true }
        state = .done
        return answer
    }

    /// - Returns: whether something was understood.
    private mutating func step(_ bytes: inout ByteBuffer) throws(Garbage) -> Bool {
        switch state {
        case .header: return try readHeader(&bytes)
        case .length(let left):
            guard let taken = take(&bytes, left) else { return false }
            state = left == taken ? .done : .length(left - taken)
            return taken > 0
        case .chunkSize:
            guard let line = try line(&bytes, Self.longestLine) else { return false }
            let size = try Self.chunkSize(line)
            state = size == 0 ? .trailer : .chunk(size)
            return true
        case .chunk(let left):
            guard let taken = take(&bytes, left) else { return false }
            state = left == taken ? .chunkEnd : .chunk(left - taken)
            return taken > 0
        case .chunkEnd:
            guard let line = try line(&bytes, 2) else { return false }
            guard line.isEmpty else { throw Garbage(what: "a chunk is longer than it says") }
            state = .chunkSize
            return true
        case .trailer:
            guard let line = try line(&bytes, Self.longestLine) else { return false }
            trailerLength += line.count
            guard trailerLength <= Self.longestHeader else { throw Garbage(what: "its trailer does not end") }
            if line.isEmpty { state = .done }
            return true
        case .untilEnd: return take(&bytes, .max).map { $0 > 0 } ?? false
        case .done: return false
        }
    }

    /// Takes a piece of the body.
    /// - Returns: how long it is; `nil` where the body is too long, and the rest of it belongs to nobody.
    private mutating func take(_ bytes: inout ByteBuffer, _ limit: Int) -> Int? {
        let count = min(bytes.readableBytes, limit)
        bodyLength += count
        let room = min(demand.keptBody.value - (answer?.body.count ?? 0), count)
        if room > 0 { answer?.body.append(contentsOf: bytes.readableBytesView.prefix(room)) }
        bytes.moveReaderIndex(forwardBy: count)
        guard bodyLength <= demand.longestBody.value else {
            answer?.isCut = true
            staysOpen = false
            state = .done
            return nil
        }
        return count
    }

    /// A line without its end; `nil` while it has none.
    private func line(_ bytes: inout ByteBuffer, _ limit: Int) throws(Garbage) -> [UInt8]? {
        let view = bytes.readableBytesView
        guard let end = view.prefix(limit).firstIndex(of: Self.lineFeed) else {
            if view.count >= limit { throw Garbage(what: "a line of its body's frame does not end") }
            return nil
        }
        var line = Array(view[..<end])
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        bytes.moveReaderIndex(to: end + 1)
        return line
    }

    private static func chunkSize(_ line: [UInt8]) throws(Garbage) -> Int {
        var size = 0
        var digits = 0
        for byte in line {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { break }
            guard size < 1 << 48 else { throw Garbage(what: "a chunk is too long") }
            size = size << 4 | digit
            digits += 1
        }
        let rest = line.dropFirst(digits).drop { $0 == 0x20 || $0 == 0x09 }
        guard digits > 0, rest.isEmpty || rest.first == UInt8(ascii: ";") else {
            throw Garbage(what: "a chunk does not say how long it is")
        }
        return size
    }

    // MARK: The header

    private mutating func readHeader(_ bytes: inout ByteBuffer) throws(Garbage) -> Bool {
        let found = bytes.withUnsafeReadableBytes { Self.endOfHeader($0) }
        guard let length = found.length else {
            if found.isGarbage { throw Garbage(what: "it does not begin with HTTP/1") }
            if bytes.readableBytes > Self.longestHeader { throw Garbage(what: "its header does not end") }
            return false
        }
        guard !found.isGarbage, length <= Self.longestHeader else {
            throw Garbage(what: found.isGarbage ? "it does not begin with HTTP/1" : "its header is too long")
        }
        let header = bytes.withUnsafeReadableBytes { AnswerHeader($0.prefix(length), demand) }
        bytes.moveReaderIndex(forwardBy: length)
        hasBegun = true
        guard let header, header.answer.status != 101 else { throw Garbage(what: "its header is none") }
        // It will say more.
        if header.answer.status < 200 { return true }
        answer = header.answer
        staysOpen = header.staysOpen
        switch header.frame {
        case .none: state = .done
        case .length(let length): state = length == 0 ? .done : .length(length)
        case .chunks: state = .chunkSize
        case .untilEnd: state = .untilEnd
        }
        return true
    }

    /// How long the header is, with the empty line behind it, where that is there.
    private static func endOfHeader(_ bytes: UnsafeRawBufferPointer) -> (length: Int?, isGarbage: Bool) {
        let isGarbage = !zip(bytes, beginning).allSatisfy { $0 == $1 }
        var lineStart = 0
        var index = 0
        while index < bytes.count {
            if bytes[index] == lineFeed {
                let length = index - lineStart
                if length == 0 || length == 1 && bytes[lineStart] == UInt8(ascii: "\r") {
                    return (index + 1, isGarbage)
                }
                lineStart = index + 1
            }
            index += 1
        }
        return (nil, isGarbage)
    }
}
