public import Wire

/// Who is told where an objective's budget is spent too fast.
public struct AlertsDefinition: Sendable, Hashable {
    /// Whether the log tells it. It does by default.
    public var log: Bool
    public var webhook: AlertWebhook?
    public var alertmanager: AlertPlace?

    public init(log: Bool = true, webhook: AlertWebhook? = nil, alertmanager: AlertPlace? = nil) {
        self.log = log
        self.webhook = webhook
        self.alertmanager = alertmanager
    }
}

/// Where alerts are sent over HTTP.
public struct AlertPlace: Sendable, Hashable {
    /// `http://…` or `https://…`. It may hold a secret and is never printed.
    public var url: String
    /// What may be shown of it.
    public var name: String

    public init(url: String, name: String) {
        self.url = url
        self.name = name
    }
}

/// An endpoint that alerts are posted to, one request each.
public struct AlertWebhook: Sendable, Hashable {
    public var place: AlertPlace
    /// `nil` where requests are not signed.
    public var secret: WebhookSecret?

    public init(place: AlertPlace, secret: WebhookSecret? = nil) {
        self.place = place
        self.secret = secret
    }
}
