public import FleetCore
import Outbox

/// What may leave a service: the types it publishes, the size of one event, and headers that are a JSON object of
/// strings.
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
        return event.headers.flatMap(Self.objection(toHeaders:))
    }

    private static func objection(toHeaders headers: String) -> String? {
        do {
            _ = try JSONDocument.stringMembers(of: Array(headers.utf8))
            return nil
        } catch {
            return "its headers are not a JSON object of strings (\(error)); discard it, or mend its writer"
        }
    }

    /// Whether ``objection(to:)`` has none to any event of a batch.
    func allowsAll(of rows: CapturedRows) -> Bool {
        rows.largest <= maximumEventSize && rows.types.allSatisfy(publishes)
            && rows.headers.allSatisfy { Self.objection(toHeaders: $0) == nil }
    }
}
