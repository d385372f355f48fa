public import Endpoints
public import FleetCore
import NIOCore
import Synchronization
public import Wire

/// Delivers events over HTTP: `POST`, CloudEvents in binary mode, signed after Standard Webhooks.
///
/// Each endpoint has connections of its own, as certificates, time-outs and their number are an endpoint's. It must be closed.
public final class HTTPEndpoint: EventEndpoint {
    public struct Settings: Sendable, Hashable {
        /// `http://…` or `https://…`.
        public var url: String
        /// What may be shown of it.
        public var name: String
        /// `nil` where requests are not signed.
        public var secret: WebhookSecret?
        /// From the beginning of a request to its answer.
        public var timeout: Duration
        /// Connections at once.
        public var connections: Int
        /// Whether it may be on this machine, this link or a private network.
        public var allowsPrivateAddresses: Bool
        /// A file with the certificates (PEM) that its own must come from; the system's where it is `nil`.
        public var authorities: String?

        public init(
            url: String, name: String, secret: WebhookSecret? = nil, timeout: Duration = .seconds(10),
            connections: Int = 16, allowsPrivateAddresses: Bool = true, authorities: String? = nil
        ) {
            self.url = url
            self.name = name
            self.secret = secret
            self.timeout = timeout
            self.connections = connections
            self.allowsPrivateAddresses = allowsPrivateAddresses
            self.authorities = authorities
        }
    }

    public var name: String { settings.name }
    private let settings: Settings
    /// `nil` where the URL is none.
    private let place: (line: HTTPLine, text: RequestText)?
    private let timeout: TimeAmount
    private let signature: WebhookSignature?
    private let clock: FleetClock
    private let number = Atomic(0)

    /// Of an answer's body: what is quoted, and what is read of it; where there is more, the connection is closed.
    private static let demand = AnswerDemand(
        keepsHeader: false, keptBody: HTTPFailure.quoteLimit, longestBody: .kibibytes(16))

    public init(_ settings: Settings, clock: FleetClock = .system) {
        self.settings = settings
        self.clock = clock
        timeout = settings.timeout.timeAmount
        signature = settings.secret.map { WebhookSignature($0) }
        place = HTTPAddress(settings.url).map { address in
            let line = HTTPLine(
                to: address.origin,
                HTTPLine.Settings(
                    connections: settings.connections, connectTimeout: settings.timeout, idleLimit: .seconds(60),
                    allowsPrivateAddresses: settings.allowsPrivateAddresses, authorities: settings.authorities))
            let text = RequestText(method: "POST", address, [("user-agent", "flotilla")], saysLength: true)
            return (line, text)
        }
    }

    public func close() async { await place?.line.close() }

    // MARK: Delivering

    public func deliver(_ event: Event, in context: TraceContext?) async -> DeliveryAnswer {
        guard let place else { return noPlace }
        let first = nextNumber(1)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let deadline = NIODeadline.now() + timeout
                place.line.submit(1) { _ in
                    self.call(first, event, context, place.text, deadline) { continuation.resume(returning: $0) }
                }
                // Whoever was cancelled before it was sent has found nothing to cancel.
                if Task.isCancelled { place.line.cancel(first) }
            }
        } onCancel: {
            place.line.cancel(first)
        }
    }

    public func deliver(
        _ events: [Event], in contexts: [TraceContext?], answered: @escaping @Sendable (Int, DeliveryAnswer) -> Void
    ) {
        guard let place else {
            for index in events.indices { answered(index, noPlace) }
            return
        }
        let first = nextNumber(events.count)
        let deadline = NIODeadline.now() + timeout
        place.line.submit(events.count) { [self] index in
            call(first + index, events[index], contexts.isEmpty ? nil : contexts[index], place.text, deadline) {
                answered(index, $0)
            }
        }
    }

    private func nextNumber(_ count: Int) -> Int { number.wrappingAdd(count, ordering: .relaxed).oldValue }

    private var noPlace: DeliveryAnswer {
        let error = FleetError(
            .invalidInput, "the URL of \(name) is none of HTTP", remedy: "write http://HOST:PORT/PATH")
        return .notNow(error, wait: nil, mayBeTheEvent: true)
    }

    private func call(
        _ number: Int, _ event: Event, _ context: TraceContext?, _ text: RequestText, _ deadline: NIODeadline,
        _ done: @escaping @Sendable (DeliveryAnswer) -> Void
    ) -> HTTPCall {
        HTTPCall(
            number: number, bytes: text.bytes(fields(of: event, in: context), body: event.payload),
            demand: Self.demand,
            deadline: deadline, mayBeRepeated: true
        ) { [self] result in
            switch result {
            case .success(let answer): done(answered(answer))
            case .failure(let failure):
                let error = HTTPFailure.error(failure.cause, at: name, within: settings.timeout)
                done(.notNow(error, wait: nil, mayBeTheEvent: true))
            }
        }
    }

    private func fields(of event: Event, in context: TraceContext?) -> RequestFields {
        let id = event.id.description
        var fields = RequestFields()
        CloudEventsHTTP.write(event, id: id, to: &fields)
        if let place = context ?? event.traceContext { fields.add("traceparent", place.description) }
        let time = String(clock.now().microseconds / 1_000_000)
        fields.add("webhook-id", id)
        fields.add("webhook-timestamp", time)
        if let signature {
            fields.add("webhook-signature", signature.value(id: id, time: time, body: event.payload))
        }
        return fields
    }

    private func answered(_ answer: HTTPAnswer) -> DeliveryAnswer {
        // What a success says, and whether it ends, does not matter.
        if (200...299).contains(answer.status) { return .delivered(status: answer.status) }
        let error = HTTPFailure.error(answer, at: name)
        switch answer.status {
        case 408, 429, 500...:
            let wait = RetryAfter.wait(answer.header("retry-after"), at: clock.now())
            return .notNow(error, wait: wait, mayBeTheEvent: answer.status != 429, status: answer.status)
        default: return .refused(error, status: answer.status)
        }
    }
}
