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
        for series in family.series {
            let labels = zip(labelNames, series.labels).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
                .joined(separator: ",")
            let braced = labels.isEmpty ? "" : "{\(labels)}"
            switch series.value {
            case .count(let count): line("\(names.sample)\(braced) \(count)")
            case .number(let number): line("\(names.sample)\(braced) \(text(number))")
            case .distribution(let distribution): write(distribution, names.sample, labels, braced)
            }
            if form == .openMetrics, metric.kind == .counter || metric.kind == .histogram {
                let seconds = Double(series.created.microseconds) / 1_000_000
                line("\(names.family)_created\(braced) \(text(seconds))")
            }
        }
    }

    private mutating func write(_ read: Distribution, _ name: String, _ labels: String, _ braced: String) {
        let prefix = labels.isEmpty ? "" : labels + ","
        for (bound, count) in read.cumulative {
            line("\(name)_bucket{\(prefix)le=\"\(boundText(bound))\"} \(count)")
        }
        let count = read.count
        line("\(name)_bucket{\(prefix)le=\"+Inf\"} \(count)")
        line("\(name)_sum\(braced) \(text(read.sum))")
        line("\(name)_count\(braced) \(count)")
    }

    mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// OpenMetrics writes a bound as a float always, Prometheus' own text format as short as it can be.
    private func boundText(_ bound: Double) -> String { form == .openMetrics ? "\(bound)" : text(bound) }

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
