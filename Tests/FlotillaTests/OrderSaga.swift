import FleetCore
import Flotilla

/// A saga that several suites run: an order is reserved, charged and shipped.
enum OrderSaga {
    struct Order: Codable, Sendable {
        enum End: String, Codable, Sendable { case placed, refused, parked }

        var id: String
        /// What becomes of it.
        var end = End.placed
        var card = "zqcard"
    }

    private struct Reserved: PublishableEvent {
        static let eventType = "Reserved"
        var id: String
    }

    private struct Away: Error {}

    /// The first step publishes an event, the second asks somebody else, and says which place in the trace it has.
    static func saga() throws -> Saga<Order> {
        try Saga("place_order", deadline: .seconds(600)) {
            Step(
                "reserve",
                inTransaction: { (order: Order, transaction: Transaction, _: SagaAttempt) in
                    try transaction.publish(Reserved(id: order.id), key: order.id)
                    return Done()
                },
                undo: { _, _, _, _ in })
            Pivot("charge") { (order: Order, step: SagaAttempt) in
                guard order.end != .refused else { throw SagaRefusal("no money") }
                return step.traceParent ?? "none"
            }
            Retriable("ship", retry: SagaRetry(attempts: 1, initial: .milliseconds(1), cap: .milliseconds(1))) {
                (order: Order, _: SagaAttempt) in
                if order.end == .parked { throw Away() }
                return Done()
            }
        }
    }
}
