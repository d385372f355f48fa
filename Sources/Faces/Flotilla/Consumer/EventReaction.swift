import FleetCore
import Foundation
import Stores
import Views

/// What a consumer does on one type of event.
public struct EventReaction: Sendable {
    let service: String
    let type: String
    let body: @Sendable (ReceivedEvent, Transaction) throws -> Void

    /// Handles events of a type as they are.
    /// - Parameters:
    ///   - type: the event's type.
    ///   - service: who publishes it.
    ///   - body: runs in a transaction of the consumer's store, once per event as far as what it writes is concerned. Where
    ///     another transaction was in the way, or another event of the same batch failed, what it did is undone and it runs
    ///     again: it should do nothing but work on the store. An error that it throws has the event parked.
    public static func on(
        _ type: String, from service: String, _ body: @escaping @Sendable (ReceivedEvent, Transaction) throws -> Void
    ) -> EventReaction {
        EventReaction(service: service, type: type, body: body)
    }

    /// Handles events of a type, decoded from their JSON payload. One that does not decode is parked.
    ///
    /// Otherwise as ``on(_:from:_:)``.
    public static func on<Event: ConsumableEvent>(
        _ type: Event.Type, from service: String,
        _ body: @escaping @Sendable (Event, ReceivedEvent, Transaction) throws -> Void
    ) -> EventReaction {
        on(Event.eventType, from: service) { received, transaction in
            let event: Event
            do {
                event = try JSONDecoder().decode(Event.self, from: Data(received.payload))
            } catch {
                throw FleetError(
                    .badEvent, "the payload is no \(Event.eventType): \(error)",
                    remedy: "discard the event, or mend its writer or its reader")
            }
            try body(event, received, transaction)
        }
    }

    func handler(_ published: PublishTally<EventID>, _ tracing: ConsumerTracing) -> EventHandler {
        { [body] event, transaction in
            try published.counting(event.id) { events in
                try tracing.withSpan(of: event) { place in
                    try body(ReceivedEvent(event), Transaction(transaction, events: events, trace: place))
                }
            }
        }
    }
}
