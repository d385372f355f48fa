public import Objectives
public import Traces

/// What a fleet that runs tells of itself besides what is asked for.
public struct TelemetryDefinition: Sendable {
    /// Where it is sent; `nil` where traces are made for the page alone.
    public var collector: CollectorDefinition?
    /// Which traces are kept, whatever the objectives are.
    public var sampling: TailSampler.Settings
    /// What the policies of ``sampling`` are made of; `nil` where the file has policies of its own.
    public var usual: UsualSampling?

    public init(collector: CollectorDefinition?, sampling: TailSampler.Settings, usual: UsualSampling?) {
        self.collector = collector
        self.sampling = sampling
        self.usual = usual
    }

    /// Which traces are kept. Of the usual policies, one keeps those in which a view, a push, a stream or a saga took longer
    /// than one of its objectives says; a file with policies of its own says all there is to say.
    public func sampling(for objectives: [Objective]) -> TailSampler.Settings {
        guard let usual else { return sampling }
        var late: [String: Duration] = [:]
        for objective in objectives where objective.subject.kind != .store {
            guard let threshold = objective.threshold else { continue }
            let part = objective.subject.description
            late[part] = min(late[part] ?? threshold, threshold)
        }
        var settings = sampling
        settings.policies = usual.policies(late: late)
        return settings
    }

    /// Whether anybody wants traces.
    public var wantsTraces: Bool { collector?.signals.contains(.traces) ?? true }
}

/// What a fleet file may say of the usual policies.
public struct UsualSampling: Sendable, Hashable {
    /// From when on a trace is slow.
    public var slow = TailSampler.Settings.usualSlow
    /// Of the traces that neither failed nor were slow.
    public var share = TailSampler.Settings.usualShare
    /// Spans a second, of each policy.
    public var limit = TailSampler.Settings.usualLimit

    public init() {}

    /// - Parameter late: how long parts of the fleet may take.
    func policies(late: [String: Duration]) -> [SamplingPolicy] {
        SamplingPolicy.usual(slow: slow, share: share, limit: limit, late: late)
    }
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
