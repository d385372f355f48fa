/// What a topic may be called: the rule of Kafka, which NATS and the others have room for.
/// https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
public enum TopicRule {
    /// In characters, each of which is one byte.
    public static let longest = 249

    /// For people.
    public static let rule = "ASCII letters, digits, ., _ and -"

    static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Why a topic cannot be; `nil` where it can.
    public static func objection(to topic: String) -> String? {
        if topic.isEmpty { return "its topic is empty" }
        if topic == "." || topic == ".." { return "no topic is called \(topic)" }
        if !topic.utf8.allSatisfy(allows) { return "its topic has other characters than \(rule)" }
        if topic.utf8.count > longest { return "its topic is longer than \(longest) characters" }
        return nil
    }
}
