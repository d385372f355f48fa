/// An event as a broker with topics carries it.
public struct WireMessage: Hashable, Sendable {
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var topic: String
    /// Orders the messages of a topic: those of one key stay in order.
    public var key: String
    /// In the order in which they are sent; a name may stand there twice.
    public var headers: [Header]
    /// The payload, byte for byte; `nil` where the event has no data.
    public var value: [UInt8]?
    /// Whether the topic is a subject of NATS, which was made so that a server takes it.
    public var isSubject: Bool

    public init(topic: String, key: String, headers: [Header], value: [UInt8]?, isSubject: Bool = false) {
        self.topic = topic
        self.key = key
        self.headers = headers
        self.value = value
        self.isSubject = isSubject
    }

    /// Why no broker would take the message; `nil` where nothing is wrong with it.
    public var objection: String? { isSubject ? nil : TopicRule.objection(to: topic) }
}
