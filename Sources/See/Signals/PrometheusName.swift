/// What Prometheus calls a metric: dots become `_`, the unit and what it is are told at the end.
public struct PrometheusName: Sendable, Hashable {
    /// As OpenMetrics announces it: without `_total` and `_info`.
    public let family: String
    /// As a sample of it begins.
    public let sample: String

    public init(of metric: Metric) {
        // Names that end in _count belong to histograms there.
        var name =
            metric.kind == .gauge && metric.name.hasSuffix(".count") ? metric.name.dropLast(6) + "s" : metric.name
        name = Self.label(name)
        if let suffix = metric.unit.suffix, !(metric.unit == .ratio && metric.kind != .gauge),
            !name.hasSuffix("_\(suffix)")
        {
            name += "_\(suffix)"
        }
        family = name
        switch metric.kind {
        case .counter: sample = "\(name)_total"
        case .info: sample = "\(name)_info"
        case .gauge, .histogram: sample = name
        }
    }

    /// A name with dots, as Prometheus takes it.
    public static func label(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
