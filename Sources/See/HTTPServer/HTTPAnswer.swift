/// What a client asks for: everything of it that matters here.
public struct HTTPQuestion: Sendable {
    /// Without parameters: `/metrics`.
    public var path: String
    public var accept: String?

    public init(path: String, accept: String? = nil) {
        self.path = path
        self.accept = accept
    }
}

/// What a client gets.
public struct HTTPAnswer: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A line of text.
    public static func text(_ status: Int, _ line: String) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(line)\n".utf8))
    }
}
