public import FleetCore
import Outbox

/// What may leave a service: the types it publishes, and the size of one event.
public struct RelayContract: Sendable {
    private let service: ServiceName
    private let publishes: @Sendable (String) -> Bool
    private let maximumEventSize: ByteCount

    public init(
        service: ServiceName, maximumEventSize: ByteCount = .mebibytes(1),
        publishes: @escaping @Sendable (String) -> Bool
    ) {
        self.service = service
        self.maximumEventSize = maximumEventSize
        self.publishes = publishes
    }

    /// Why an event must not leave; `nil` where it may.
    public func objection(to event: Event) -> String? {
        if !publishes(event.type) {
            return "\(service) does not publish \(event.type); list it under publishes, or discard the event"
        }
        if event.size > maximumEventSize {
            return
                "the event is of \(event.size), and the limit is \(maximumEventSize); raise outbox.max_event, or discard it"
        }
        return nil
    }

    /// Whether ``objection(to:)`` has none to any event of a batch.
    func allowsAll(of rows: CapturedRows) -> Bool {
        rows.largest <= maximumEventSize && rows.types.allSatisfy(publishes)
    }
}
