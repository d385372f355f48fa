public import Traces

/// Where a fleet that runs sends what it tells of itself.
public struct TelemetryDefinition: Sendable {
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
    /// Which traces are kept.
    public var sampling: TailSampler.Settings

    public init(
        url: String, name: String, encoding: Encoding = .protobuf, headers: [(name: String, value: String)] = [],
        interval: Duration = .seconds(15), signals: Set<Signal> = Set(Signal.allCases),
        resource: [(name: String, value: String)] = [], authorities: String? = nil, sampling: TailSampler.Settings
    ) {
        self.url = url
        self.name = name
        self.encoding = encoding
        self.headers = headers
        self.interval = interval
        self.signals = signals
        self.resource = resource
        self.authorities = authorities
        self.sampling = sampling
    }
}
