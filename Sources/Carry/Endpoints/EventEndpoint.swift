public import FleetCore

/// Where events are delivered to, each by a request of its own.
public protocol EventEndpoint: Sendable {
    /// What may be shown of where it is; never a secret.
    var name: String { get }

    /// Delivers one event, and tells what became of it, within a time-out of the endpoint's own.
    /// - Parameter context: what is sent along as the request's place in a trace; `nil` for the event's own, where it has one.
    func deliver(_ event: Event, in context: TraceContext?) async -> DeliveryAnswer

    /// Delivers events side by side, and tells what became of each as soon as it is known, in any order, within the same time-out.
    /// - Parameters:
    ///   - contexts: of each event, as for one alone; empty where there are none.
    ///   - answered: called once for each event, with its number, wherever the endpoint works: it must not wait.
    func deliver(
        _ events: [Event], in contexts: [TraceContext?], answered: @escaping @Sendable (Int, DeliveryAnswer) -> Void)

    /// Lets go of its connections. Calls after this are answered with ``DeliveryAnswer/notNow(_:wait:mayBeTheEvent:status:)``.
    func close() async
}

extension EventEndpoint {
    public func deliver(_ event: Event) async -> DeliveryAnswer { await deliver(event, in: nil) }

    public func deliver(_ events: [Event], answered: @escaping @Sendable (Int, DeliveryAnswer) -> Void) {
        deliver(events, in: [], answered: answered)
    }
}

/// What became of a delivery.
///
/// `status` is what the endpoint answered with, where it speaks HTTP and answered.
public enum DeliveryAnswer: Sendable {
    case delivered(status: Int? = nil)
    /// The endpoint does not want this event, and will not want it later.
    case refused(FleetError, status: Int? = nil)
    /// Nobody knows whether the event arrived; it must be sent again.
    /// - Parameters:
    ///   - wait: how long the endpoint asks to be left alone.
    ///   - mayBeTheEvent: whether another event might have fared better: false where the endpoint says that it is too much.
    case notNow(FleetError, wait: Duration?, mayBeTheEvent: Bool, status: Int? = nil)
}

extension DeliveryAnswer {
    public var status: Int? {
        switch self {
        case .delivered(let status), .refused(_, let status), .notNow(_, _, _, let status): status
        }
    }

    /// Why it was not delivered; `nil` where it was.
    public var failure: FleetError? {
        switch self {
        case .delivered: nil
        case .refused(let error, _), .notNow(let error, _, _, _): error
        }
    }

    /// The same, and which place of a trace it is about, where it failed.
    public func failed(in place: TraceContext?) -> DeliveryAnswer {
        switch self {
        case .delivered: self
        case .refused(let error, let status): .refused(error.about(place), status: status)
        case .notNow(let error, let wait, let mayBeTheEvent, let status):
            .notNow(error.about(place), wait: wait, mayBeTheEvent: mayBeTheEvent, status: status)
        }
    }
}
