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

    public init(topic: String, key: String, headers: [Header], value: [UInt8]?) {
        self.topic = topic
        self.key = key
        self.headers = headers
        self.value = value
    }

    /// Why no broker would take the message; `nil` where nothing is wrong with it.
    public var objection: String? { TopicRule.objection(to: topic) }
}
