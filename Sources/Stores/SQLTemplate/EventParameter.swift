public import FleetCore

/// What a parameter of a statement stands for: a part of the event that the statement reacts to.
public enum EventParameter: Hashable, Sendable {
    /// `:data`, the whole payload, or `:data.customer.name`, a field of it.
    case data(JSONFieldPath)
    /// `:key`, the aggregate's id.
    case key
    /// `:id`, the event's own.
    case id
    /// `:type`
    case type
    /// `:source`
    case source
    /// `:time`
    case time
    /// `:traceparent`, the event's place in a trace; NULL where it has none.
    case traceParent

    /// What stands after the colon.
    static let names = ["data", "key", "id", "type", "source", "time", "traceparent"]

    /// A parameter without a path; `data` is the whole payload.
    init?(name: String) {
        switch name {
        case "data": self = .data(JSONFieldPath([]))
        case "key": self = .key
        case "id": self = .id
        case "type": self = .type
        case "source": self = .source
        case "time": self = .time
        case "traceparent": self = .traceParent
        default: return nil
        }
    }
}

extension EventParameter: CustomStringConvertible {
    /// As a template writes it.
    public var description: String {
        switch self {
        case .data(let path): path.components.isEmpty ? ":data" : ":data.\(path)"
        case .key: ":key"
        case .id: ":id"
        case .type: ":type"
        case .source: ":source"
        case .time: ":time"
        case .traceParent: ":traceparent"
        }
    }
}
