public import FleetCore
public import Wire

/// An event that is delivered to a service over HTTP.
public struct PushDefinition: Sendable {
    /// Who publishes the event.
    public var service: ServiceName
    /// The event's type.
    public var type: EventType
    public var endpoint: PushEndpointDefinition
    public var location: SourceLocation

    public init(
        service: ServiceName, type: EventType, endpoint: PushEndpointDefinition, location: SourceLocation
    ) {
        self.service = service
        self.type = type
        self.endpoint = endpoint
        self.location = location
    }
}

/// Where events are delivered to over HTTP, and how. Two that are equal are one.
public struct PushEndpointDefinition: Sendable, Hashable {
    /// `http://…` or `https://…`. It may hold a secret and is never printed.
    public var url: String
    /// What may be shown of it.
    public var name: String
    /// `nil` where requests are not signed.
    public var secret: WebhookSecret?
    /// From the beginning of a request to its answer. 10 seconds by default.
    public var timeout: Duration
    /// Requests at once, each of another key. 16 by default.
    public var inFlightLimit: Int
    /// Requests in a time; `nil` for as many as the endpoint takes.
    public var rate: EventRate?
    /// How often an event is tried that was set aside because the endpoint took others and failed this one, before an
    /// operator is needed. 10 by default.
    public var attempts: Int
    /// Whether the endpoint may be on this machine, this link or a private network. It may by default.
    public var allowsPrivateAddresses: Bool
    /// A file with the certificates that the endpoint's own must come from; the system's where it is `nil`.
    public var authorities: String?

    public init(
        url: String, name: String, secret: WebhookSecret? = nil, timeout: Duration = .seconds(10),
        inFlightLimit: Int = 16, rate: EventRate? = nil, attempts: Int = 10, allowsPrivateAddresses: Bool = true,
        authorities: String? = nil
    ) {
        self.url = url
        self.name = name
        self.secret = secret
        self.timeout = timeout
        self.inFlightLimit = inFlightLimit
        self.rate = rate
        self.attempts = attempts
        self.allowsPrivateAddresses = allowsPrivateAddresses
        self.authorities = authorities
    }
}
