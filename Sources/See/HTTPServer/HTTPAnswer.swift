/// What a client gets.
public struct HTTPAnswer: Sendable {
    public var status: Int
    public var contentType: String
    /// Further fields of the head.
    public var fields: [HTTPField]
    public var body: [UInt8]

    public init(status: Int = 200, contentType: String, fields: [HTTPField] = [], body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.fields = fields
        self.body = body
    }

    /// A line of text.
    public static func text(_ status: Int, _ line: String) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(line)\n".utf8))
    }
}

/// How a question is answered.
public enum HTTPReply: Sendable {
    /// Now.
    case answer(HTTPAnswer)
    /// With what takes a while.
    case later(@Sendable () async -> HTTPAnswer)
    /// With what happens, for as long as the client stays.
    case events(EventStream, fields: [HTTPField] = [])

    /// A line of text.
    public static func text(_ status: Int, _ line: String) -> HTTPReply { .answer(.text(status, line)) }
}
