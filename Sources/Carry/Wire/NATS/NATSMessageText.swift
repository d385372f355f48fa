/// Subjects and headers of a batch's messages, as a client in C takes them: texts one after the other, each with a zero byte at
/// its end. Of a message its subject comes first, then names and values of its headers in turn.
public struct NATSMessageText: Hashable, Sendable {
    /// Where the texts of one message are.
    public struct Message: Hashable, Sendable {
        public fileprivate(set) var texts: Range<Int>
        public fileprivate(set) var headerCount = 0
        /// Where the event's id is, the value of a header.
        public fileprivate(set) var id = 0
    }

    private var bytes: [UInt8] = []
    public private(set) var messages: [Message] = []
    private var message = Message(texts: 0..<0)

    /// - Parameter count: how many messages there will be.
    init(count: Int) {
        bytes.reserveCapacity(count * 384)
        messages.reserveCapacity(count)
    }

    mutating func begin(subject: String) {
        message = Message(texts: bytes.count..<bytes.count)
        append(subject)
    }

    /// - Parameter value: printable: it has no zero byte.
    mutating func add(_ name: String, _ value: String, isID: Bool = false) {
        append(name)
        if isID { message.id = bytes.count }
        append(value)
        message.headerCount += 1
    }

    mutating func end() {
        message.texts = message.texts.lowerBound..<bytes.count
        messages.append(message)
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
    }

    /// Lends the texts, which begin where a message's ``Message/texts`` says.
    /// - Returns: `nil` where there are no messages.
    public func withTexts<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result? {
        try bytes.withUnsafeBytes { try $0.baseAddress.map { try body($0.assumingMemoryBound(to: CChar.self)) } }
    }

    func subject(of number: Int) -> String { texts(of: number).first ?? "" }

    func headers(of number: Int) -> [WireMessage.Header] {
        let texts = texts(of: number).dropFirst()
        return zip(texts, texts.dropFirst()).enumerated().filter { $0.offset.isMultiple(of: 2) }
            .map { .init($0.element.0, $0.element.1) }
    }

    private func texts(of number: Int) -> [String] {
        bytes[messages[number].texts].dropLast().split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
