import FleetCore

/// Writes samples as bytes: a large fleet has tens of thousands of lines, most of them of the same few texts.
struct ExpositionWriter {
    private let form: Exposition
    private(set) var bytes: [UInt8] = []

    // Of the metric whose samples are written.
    private var metric: Metric?
    private var isAnnounced = false
    private var sample: [UInt8] = []
    private var family: [UInt8] = []
    /// Of a histogram, what stands behind the labels of each bucket's line.
    private var bucketEnds: [[UInt8]] = []

    // What is needed again and again.
    private var cumulative: [UInt64] = []
    private var bucketHead: [UInt8] = []

    init(form: Exposition) {
        self.form = form
        bytes.reserveCapacity(1 << 16)
    }

    /// Begins with a metric. It is announced when there is a sample of it.
    mutating func begin(_ metric: Metric) {
        self.metric = metric
        isAnnounced = false
    }

    /// - Parameters:
    ///   - labels: as ``labelText(_:)`` has them.
    ///   - created: since when it counts; `nil` where it does not count itself.
    mutating func write(_ value: SeriesValue, labels: [UInt8], created: Timestamp?) {
        announce()
        bytes += sample
        bytes += labels
        switch value {
        case .count(let count): append(count)
        case .number(let number): append(number)
        case .distribution: assertionFailure("a histogram is written without a copy of its counters")
        }
        line()
        writeCreated(created, labels)
    }

    mutating func write(_ histogram: Histogram, labels: [UInt8], created: Timestamp) {
        announce()
        bucketHead.removeAll(keepingCapacity: true)
        bucketHead += sample
        bucketHead += "_bucket".utf8
        if labels == Self.noLabels {
            bucketHead += "{".utf8
        } else {
            bucketHead += labels[..<(labels.count - Self.labelsEnd.count)]
            bucketHead += ",".utf8
        }
        // Prometheus' own text format has none.
        let exemplars = form == .openMetrics ? histogram.exemplarsByBucket : [:]
        let sum = histogram.read(into: &cumulative)
        for (number, end) in bucketEnds.enumerated() {
            bytes += bucketHead
            bytes += end
            append(cumulative[number])
            if let exemplar = exemplars[number] { append(exemplar) }
            line()
        }
        bytes += sample
        append("_sum")
        bytes += labels
        append(sum)
        line()
        bytes += sample
        append("_count")
        bytes += labels
        append(cumulative[bucketEnds.count - 1])
        line()
        writeCreated(created, labels)
    }

    mutating func line(_ text: String = "") {
        append(text)
        bytes.append(UInt8(ascii: "\n"))
    }

    // MARK: Parts

    private mutating func announce() {
        guard let metric, !isAnnounced else { return }
        isAnnounced = true
        let names = PrometheusName(of: metric)
        let announced = form == .openMetrics ? names.family : names.sample
        let kind = metric.kind == .info && form == .prometheus ? Metric.Kind.gauge : metric.kind
        append("# HELP \(announced) ")
        Self.append(metric.meaning, to: &bytes, quotes: form == .openMetrics)
        line()
        line("# TYPE \(announced) \(kind.rawValue)")
        if form == .openMetrics, let suffix = metric.unit.suffix { line("# UNIT \(announced) \(suffix)") }
        (sample, family) = (Array(names.sample.utf8), Array(names.family.utf8))
        bucketEnds = (metric.bounds.map { text(ofBound: Double($0) / metric.unit.steps) } + ["+Inf"])
            .map { Array("le=\"\($0)\"} ".utf8) }
    }

    /// OpenMetrics writes a bound as a float always, Prometheus' own text format as short as it can be.
    private func text(ofBound bound: Double) -> String {
        form == .openMetrics ? "\(bound)" : Self.text(of: bound)
    }

    private mutating func writeCreated(_ created: Timestamp?, _ labels: [UInt8]) {
        guard form == .openMetrics, let created else { return }
        bytes += family
        append("_created")
        bytes += labels
        append(Double(created.microseconds) / 1_000_000)
        line()
    }

    private mutating func append(_ exemplar: Exemplar) {
        append(" # {trace_id=\"\(exemplar.context.trace)\",span_id=\"\(exemplar.context.span)\"} ")
        append(exemplar.value)
        append(" ")
        append(Double(exemplar.at.microseconds) / 1_000_000)
    }

    /// What stands between name and value, in either form: `{a="1",b="2"} `.
    static func labelText(_ labels: [(name: String, value: String)]) -> [UInt8] {
        if labels.isEmpty { return noLabels }
        var text: [UInt8] = []
        for (name, value) in labels {
            text += (text.isEmpty ? "{" : ",").utf8
            text += name.utf8
            text += "=\"".utf8
            append(value, to: &text, quotes: true)
            text.append(UInt8(ascii: "\""))
        }
        text += labelsEnd
        return text
    }

    private static let noLabels = Array(" ".utf8)
    private static let labelsEnd = Array("} ".utf8)

    // MARK: Values

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func append(_ count: UInt64) {
        if count < 10 { return bytes.append(UInt8(ascii: "0") + UInt8(count)) }
        append(String(count))
    }

    private mutating func append(_ number: Double) { append(Self.text(of: number)) }

    private static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 { return String(whole) }
        return "\(number)"
    }

    private static func append(_ text: String, to bytes: inout [UInt8], quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\"") where quotes: bytes += "\\\"".utf8
            default: bytes.append(byte)
            }
        }
    }
}
