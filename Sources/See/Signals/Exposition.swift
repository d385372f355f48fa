import FleetCore

/// Writes what a registry says, in one of the two forms that Prometheus reads.
public enum Exposition: Sendable, Hashable {
    /// Prometheus' text format, version 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.
    case openMetrics

    public var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    public func write(_ families: [FamilyReading]) -> [UInt8] {
        var writer = ExpositionWriter(form: self)
        for family in families { writer.write(family) }
        if self == .openMetrics { writer.line("# EOF") }
        return writer.bytes
    }

    /// The form that an `Accept` header asks for: OpenMetrics where it is wanted at least as much.
    public static func wanted(accept: String?) -> Exposition {
        guard let accept else { return .prometheus }
        var best = (quality: 0.0, form: Exposition.prometheus)
        for range in accept.split(separator: ",") {
            var parameters = range.split(separator: ";").map { Self.trimmed($0).lowercased() }
            guard !parameters.isEmpty else { continue }
            let type = parameters.removeFirst()
            func parameter(_ name: String) -> String? {
                parameters.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
            }
            let quality = parameter("q").map { Double($0) ?? 0 } ?? 1
            let form: Exposition
            switch (type, parameter("version")) {
            case ("application/openmetrics-text", nil), ("application/openmetrics-text", "1.0.0"),
                ("application/openmetrics-text", "0.0.1"):
                form = .openMetrics
            case ("text/plain", nil), ("text/plain", "0.0.4"), ("text/*", _), ("*/*", _): form = .prometheus
            default: continue
            }
            if quality > best.quality || (quality == best.quality && form == .openMetrics && quality > 0) {
                best = (quality, form)
            }
        }
        return best.form
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

private struct ExpositionWriter {
    let form: Exposition
    private(set) var bytes: [UInt8] = []
    private var boundTexts: [Double: String] = [:]

    init(form: Exposition) {
        self.form = form
        bytes.reserveCapacity(1 << 16)
    }

    mutating func write(_ family: FamilyReading) {
        let metric = family.metric
        let names = PrometheusName(of: metric)
        let announced = form == .openMetrics ? names.family : names.sample
        let kind = metric.kind == .info && form == .prometheus ? Metric.Kind.gauge : metric.kind
        line("# HELP \(announced) \(escaped(metric.meaning, quotes: form == .openMetrics))")
        line("# TYPE \(announced) \(kind.rawValue)")
        if form == .openMetrics, let suffix = metric.unit.suffix { line("# UNIT \(announced) \(suffix)") }
        let labelNames = metric.labels.map(PrometheusName.label)
        let isCreatedTold = form == .openMetrics && (metric.kind == .counter || metric.kind == .histogram)
        for series in family.series {
            let labels = zip(labelNames, series.labels).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
                .joined(separator: ",")
            let braced = labels.isEmpty ? "" : "{\(labels)}"
            switch series.value {
            case .count(let count): sample(names.sample, "", braced, String(count))
            case .number(let number): sample(names.sample, "", braced, text(number))
            case .distribution(let distribution): write(distribution, names.sample, labels, braced)
            }
            if isCreatedTold {
                sample(names.family, "_created", braced, text(Double(series.created.microseconds) / 1_000_000))
            }
        }
    }

    private mutating func write(_ read: Distribution, _ name: String, _ labels: String, _ braced: String) {
        let prefix = labels.isEmpty ? "{le=\"" : "{\(labels),le=\""
        for (bound, count) in read.cumulative { bucket(name, prefix, boundText(bound), count) }
        let count = read.count
        bucket(name, prefix, "+Inf", count)
        sample(name, "_sum", braced, text(read.sum))
        sample(name, "_count", braced, String(count))
    }

    private mutating func bucket(_ name: String, _ prefix: String, _ bound: String, _ count: UInt64) {
        append(name)
        append("_bucket")
        append(prefix)
        append(bound)
        append("\"} ")
        line(String(count))
    }

    private mutating func sample(_ name: String, _ suffix: String, _ labels: String, _ value: String) {
        append(name)
        append(suffix)
        append(labels)
        append(" ")
        line(value)
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// OpenMetrics writes a bound as a float always, Prometheus' own text format as short as it can be. Many histograms have
    /// the same few.
    private mutating func boundText(_ bound: Double) -> String {
        if let known = boundTexts[bound] { return known }
        let text = form == .openMetrics ? "\(bound)" : text(bound)
        boundTexts[bound] = text
        return text
    }

    mutating func line(_ text: String) {
        append(text)
        bytes.append(UInt8(ascii: "\n"))
    }

    private func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: number), abs(whole) < 1 << 53 { return String(whole) }
        return "\(number)"
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
