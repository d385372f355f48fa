public import Endpoints
public import FleetCore
import Parking

/// What of one stream is delivered where.
public struct PushPlan: Sendable {
    /// An endpoint, and how it is to be treated.
    public struct Target: Sendable {
        public var endpoint: any EventEndpoint
        /// How many requests may be on their way at once, each of another key.
        public var inFlightLimit: Int
        /// How often an event is tried that was set aside because the endpoint took others and failed this one, before an
        /// operator is needed.
        public var attempts: Int

        /// `nil` for as many as the endpoint takes.
        public var rate: EventRate?

        public init(endpoint: any EventEndpoint, inFlightLimit: Int, attempts: Int, rate: EventRate? = nil) {
            self.rate = rate
            self.endpoint = endpoint
            self.inFlightLimit = inFlightLimit
            self.attempts = attempts
        }
    }

    public let subscription: SubscriptionName
    public let stream: StreamName
    public let targets: [Target]
    /// The number of the target for each type of event.
    public let routes: [String: Int]

    public init(
        subscription: SubscriptionName, stream: StreamName, targets: [Target], routes: [String: Int]
    ) {
        self.subscription = subscription
        self.stream = stream
        self.targets = targets
        self.routes = routes
    }

    var parking: Parking { Parking(place: .subscription(subscription.name), stream: stream) }

    func target(of event: Event) -> Target? { routes[event.type].map { targets[$0] } }
}
