/// How an event is written for a broker: which headers it has, and what they are called.
public enum WireFormat: String, Sendable, Hashable, CaseIterable {
    /// CloudEvents 1.0 in binary mode, after the Kafka protocol binding.
    case cloudEvents = "cloudevents"
    /// As the outbox event router of Debezium writes it by default, with its string or byte array converter.
    case debezium
}
