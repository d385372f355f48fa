import FleetCore
import Outbox

/// An event that a simulated service writes, and how it will fare. Its number is in the low half of its id.
struct SimulatedEvent {
    enum Kind: Equatable {
        case good
        /// The view does nothing on its type.
        case ignored
        /// Its effect fails whenever it is tried.
        case failsAlways
        /// Its effect fails this many times.
        case fails(Int)
        /// Of a type that the service does not publish.
        case unlisted
        /// No event at all.
        case malformed
    }

    let number: Int
    let key: Int
    let kind: Kind
    let event: Event

    private static let keyNames = (0..<8).map { "key\($0)" }

    static func name(ofKey key: Int) -> String { keyNames[key] }

    init(number: Int, key: Int, kind: Kind) {
        self.number = number
        self.key = key
        self.kind = kind
        let type =
            switch kind {
            case .ignored: "Ignored"
            case .unlisted: "Unlisted"
            default: "Written"
            }
        event = Event(
            id: EventID(high: 0, low: UInt64(number)), source: "/sea/writer", type: type, key: Self.name(ofKey: key),
            aggregateType: "a", time: Timestamp(microseconds: 0), payload: [])
    }

    /// Adds the event's row to what was captured.
    func add(to rows: inout CapturedRows, at position: OutboxPosition) {
        if kind == .malformed {
            rows.append(.init(at: position, key: event.key, reason: "its id is not a UUID"))
        } else {
            rows.append(event, at: position)
        }
    }
}

extension Event {
    var number: Int { Int(id.low) }
}

extension SimulatedEvent: CustomStringConvertible {
    var description: String { "#\(number) \(event.key) \(kind)" }
}
