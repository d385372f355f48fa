public import Traces

/// What a fleet that runs tells of itself besides what is asked for.
public struct TelemetryDefinition: Sendable {
    /// Where it is sent; `nil` where traces are made for the page alone.
    public var collector: CollectorDefinition?
    /// Which traces are kept.
    public var sampling: TailSampler.Settings

    public init(collector: CollectorDefinition?, sampling: TailSampler.Settings) {
        self.collector = collector
        self.sampling = sampling
    }

    /// Whether anybody wants traces.
    public var wantsTraces: Bool { collector?.signals.contains(.traces) ?? true }
}

/// An OpenTelemetry collector, and what it is sent.
public struct CollectorDefinition: Sendable {
    public enum Encoding: String, Sendable, CaseIterable { case protobuf, json }
    public enum Signal: String, Sendable, CaseIterable { case traces, metrics, logs }

    /// The collector's address, without `/v1/…`.
    public var url: String
    /// What may be shown of it.
    public var name: String
    public var encoding: Encoding
    /// Sent with each request. They may hold secrets.
    public var headers: [(name: String, value: String)]
    /// How often metrics are sent.
    public var interval: Duration
    public var signals: Set<Signal>
    /// Further attributes of the resource, in the order of the file.
    public var resource: [(name: String, value: String)]
    /// A file with the certificates (PEM) that the collector's own must come from; the system's where it is `nil`.
    public var authorities: String?

    public init(
        url: String, name: String, encoding: Encoding = .protobuf, headers: [(name: String, value: String)] = [],
        interval: Duration = .seconds(15), signals: Set<Signal> = Set(Signal.allCases),
        resource: [(name: String, value: String)] = [], authorities: String? = nil
    ) {
        self.url = url
        self.name = name
        self.encoding = encoding
        self.headers = headers
        self.interval = interval
        self.signals = signals
        self.resource = resource
        self.authorities = authorities
    }
}
