import FleetCore
public import Foundation

/// An event that a consumer receives, with its CloudEvents attributes.
public struct ReceivedEvent: Sendable, Hashable {
    /// Given by the writer, and the same however often the event is carried.
    public let id: EventID
    /// `/fleet/service`.
    public let source: String
    public let type: String
    /// The aggregate's id. Events of one key come in commit order.
    public let key: String
    public let aggregateType: String
    /// When the event occurred, as the writer says it, or when it was captured.
    public let time: Date
    /// W3C Trace Context, where the writer gave one.
    public let traceParent: String?
    /// As the writer wrote it: JSON, as a rule. Empty where there is none.
    public let payload: [UInt8]

    init(_ event: FleetCore.Event) {
        id = event.id
        source = event.source
        type = event.type
        key = event.key
        aggregateType = event.aggregateType
        time = Date(timeIntervalSince1970: Double(event.time.microseconds) / 1_000_000)
        traceParent = event.traceParent
        payload = event.payload
    }
}

/// An event that a service handles, decoded from its JSON payload, with its type's name in the fleet file.
public protocol ConsumableEvent: Decodable, Sendable {
    /// The event's type, as its publisher lists it.
    static var eventType: String { get }
}
