public import FleetCore
import Outbox

/// What may leave a service: the types it publishes, and the size of one event.
public struct RelayContract: Sendable {
    private let service: ServiceName
    private let publishes: @Sendable (String) -> Bool
    private let maximumEventSize: ByteCount

    public init(
        service: ServiceName, maximumEventSize: ByteCount = .mebibytes(1), publishes: @escaping @Sendable (String) -> Bool
    ) {
        self.service = service
        self.maximumEventSize = maximumEventSize
        self.publishes = publishes
    }

    enum Verdict {
        case publish(Event)
        case park(String)
    }

    func verdict(on content: CapturedRow.Content) -> Verdict {
        switch content {
        case .malformed(_, let reason):
            return .park(reason)
        case .event(let event):
            if !publishes(event.type) {
                return .park("\(service) does not publish \(event.type); list it under publishes, or discard the event")
            }
            if event.size > maximumEventSize {
                return .park(
                    "the event is of \(event.size), and the limit is \(maximumEventSize); raise outbox.max_event, or discard it")
            }
            return .publish(event)
        }
    }

    /// Why an event must not leave; `nil` where it may.
    public func objection(to event: Event) -> String? {
        if case .park(let reason) = verdict(on: .event(event)) { reason } else { nil }
    }
}
