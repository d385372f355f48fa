/// A place in a trace, as the header `traceparent` says it (W3C Trace Context, https://www.w3.org/TR/trace-context/).
public struct TraceContext: Hashable, Sendable {
    /// The trace: 16 bytes that are not all zero.
    public struct TraceID: Hashable, Sendable {
        public let high: UInt64
        public let low: UInt64

        public init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// Reads the 32 digits of an id.
        public init?(_ text: String) {
            guard text.utf8.count == 32, let context = TraceContext("00-\(text)-0000000000000001-00") else {
                return nil
            }
            self = context.trace
        }

        /// Of 56 bits (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag).
        public typealias RandomPart = UInt64
    }

    /// A span of a trace: eight bytes that are not all zero.
    public struct SpanID: Hashable, Sendable {
        public let value: UInt64

        public init(_ value: UInt64) { self.value = value }
    }

    public let trace: TraceID
    public let span: SpanID
    /// Of these, bit 0 says that the caller may have recorded the trace.
    public let flags: UInt8

    public init(trace: TraceID, span: SpanID, flags: UInt8 = 1) {
        self.trace = trace
        self.span = span
        self.flags = flags & Self.knownFlags
    }

    /// Whether whoever began the trace wants it recorded.
    public var isSampled: Bool { flags & 1 != 0 }

    /// Sampled, and random; others mean nothing yet, and are not passed on.
    private static let knownFlags: UInt8 = 0b11
    /// Of version 00; later versions may have more behind it.
    private static let length = 55

    /// Reads a `traceparent`.
    /// - Returns: `nil` for what the recommendation calls invalid: such a text is to be ignored.
    public init?(_ text: String) {
        var text = text
        let read: TraceContext? = text.withUTF8 { Self.read($0) }
        guard let read else { return nil }
        self = read
    }

    private static func read(_ text: UnsafeBufferPointer<UInt8>) -> TraceContext? {
        let dash = UInt8(ascii: "-")
        guard text.count >= length, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = number(text[0..<2]), version != 0xFF,
            text.count == length || (version > 0 && text[length] == dash),
            let high = number(text[3..<19]), let low = number(text[19..<35]), let span = number(text[36..<52]),
            let flags = number(text[53..<55]), high | low != 0, span != 0
        else { return nil }
        return TraceContext(
            trace: TraceID(high: high, low: low), span: SpanID(span), flags: UInt8(truncatingIfNeeded: flags))
    }

    /// Whether a `traceparent` says that the trace is recorded: a look at one digit.
    static func saysSampled(_ text: String?) -> Bool {
        guard var text else { return false }
        return text.withUTF8 { saysSampled($0) }
    }

    private static func saysSampled(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= length else { return false }
        let digit = text[length - 1]
        // In ASCII 1 and 3 are odd, and so are a and c, which are even numbers.
        return digit < UInt8(ascii: "a") ? digit & 1 == 1 : digit & 1 == 0
    }

    /// Of a `traceparent`, the random part of the trace's id, for those who see many: nothing else is looked at but the one
    /// digit that says whether the trace is recorded.
    /// - Returns: `nil` where it is not recorded, or the text is certainly no `traceparent`.
    public static func sampledPart(of text: String?) -> TraceID.RandomPart? {
        guard var text else { return nil }
        return text.withUTF8 { saysSampled($0) ? number($0[21..<35]) : nil }
    }

    /// Digits of lower case alone.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: number = number << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: number = number << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return number
    }
}

extension TraceContext: CustomStringConvertible {
    /// As the header says it, version 00.
    public var description: String { "00-\(trace)-\(span)-\(Self.hexadecimal(UInt64(flags), digits: 2))" }

    static func hexadecimal(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}

extension TraceContext.TraceID: CustomStringConvertible {
    public var description: String {
        TraceContext.hexadecimal(high, digits: 16) + TraceContext.hexadecimal(low, digits: 16)
    }
    public var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }
}

extension TraceContext.SpanID: CustomStringConvertible {
    public var description: String { TraceContext.hexadecimal(value, digits: 16) }
    public var bytes: [UInt8] { value.bigEndianBytes }

    /// One that nobody else has.
    public static func random(using random: inout some RandomNumberGenerator) -> TraceContext.SpanID {
        TraceContext.SpanID(.random(in: 1 ... .max, using: &random))
    }

    public static func random() -> TraceContext.SpanID {
        var random = SystemRandomNumberGenerator()
        return .random(using: &random)
    }
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

// MARK: Places that follow from others

extension TraceContext {
    /// A span of the same trace whose id follows from what it is about: whoever knows that knows the id, in any process and
    /// after any crash, and nobody has to carry it along.
    public func child(_ parts: String...) -> TraceContext {
        // FNV-1a, and the finalizer of SplitMix64: https://prng.di.unimi.it/splitmix64.c
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in trace.bytes { add(byte) }
        for part in parts {
            for byte in part.utf8 { add(byte) }
            add(0)
        }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        hash ^= hash >> 31
        return TraceContext(trace: trace, span: SpanID(hash == 0 ? 1 : hash), flags: flags)
    }

    /// The span of an event's way from its outbox into the broker: what comes behind is within it.
    ///
    /// An event that a view writes anew has the same id, as a rule, and another stream.
    public func publication(of event: EventID, in stream: StreamName) -> TraceContext {
        child("append", stream.description, event.description)
    }

    /// A new trace, which is to be recorded. All of its id is random.
    public static func begin() -> TraceContext {
        let trace = TraceID(high: .random(in: 1 ... .max), low: .random(in: 0 ... .max))
        return TraceContext(trace: trace, span: .random(), flags: knownFlags)
    }

    /// A span of the same trace that nobody else knows of.
    public func newChild() -> TraceContext { TraceContext(trace: trace, span: .random(), flags: flags) }
}

extension Event {
    /// Its place in a trace; `nil` where the writer gave none, or something that is none.
    public var traceContext: TraceContext? { traceParent.flatMap { TraceContext($0) } }

    /// Where the event may belong to a trace that is recorded, the random part of that one's id. Costs next to nothing;
    /// ``traceContext`` tells for sure.
    public var tracedPart: TraceContext.TraceID.RandomPart? {
        isTraced ? TraceContext.sampledPart(of: traceParent) : nil
    }
}
