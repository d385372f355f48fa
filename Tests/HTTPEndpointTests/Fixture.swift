import Endpoints
import FleetCore
import HTTPEndpoint
import HTTPReceiver
import Wire

/// An event as a test sends it.
func event(
    _ number: UInt64 = 1, key: String = "o-1", type: String = "OrderPlaced", headers: String? = nil,
    payload: String = #"{"total":12}"#, contentType: String = Event.usualContentType
) -> Event {
    Event(
        id: EventID(high: 7, low: number), source: "/shop/orders", type: type, key: key, aggregateType: "order",
        time: Timestamp(microseconds: 1_700_000_000_000_000), headers: headers, contentType: contentType,
        payload: Array(payload.utf8))
}

/// Sends one event to a receiver of its own, and tells what became of it.
func deliver(
    _ event: Event = event(), timeout: Duration = .seconds(180), secret: WebhookSecret? = nil,
    allowsPrivateAddresses: Bool = true, react: @escaping @Sendable (HTTPReceiver.Request) -> HTTPReceiver.Reaction
) async throws -> (answer: DeliveryAnswer, requests: [HTTPReceiver.Request]) {
    let receiver = try await HTTPReceiver(react: react)
    let url = "http://127.0.0.1:\(receiver.port)/events"
    let endpoint = HTTPEndpoint(
        .init(
            url: url, name: url, secret: secret, timeout: timeout, allowsPrivateAddresses: allowsPrivateAddresses))
    let answer = await endpoint.deliver(event)
    await endpoint.close()
    let requests = receiver.requests
    try await receiver.stop()
    return (answer, requests)
}

extension DeliveryAnswer {
    var isDelivered: Bool { if case .delivered = self { true } else { false } }

    var refusal: FleetError? { if case .refused(let error, _) = self { error } else { nil } }

    var later: FleetError? { if case .notNow(let error, _, _, _) = self { error } else { nil } }

    var wait: Duration? { if case .notNow(_, let wait, _, _) = self { wait } else { nil } }

    var mayBeTheEvent: Bool? { if case .notNow(_, _, let mayBe, _) = self { mayBe } else { nil } }
}
