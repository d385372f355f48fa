import FleetCore

/// Writes samples as bytes: a large fleet has tens of thousands of lines, most of them of the same few texts.
struct ExpositionWriter {
    private let form: Exposition
    private(set) var bytes: [UInt8] = []
    private var boundTexts: [Double: [UInt8]] = [:]

    init(form: Exposition) {
        self.form = form
        bytes.reserveCapacity(1 << 16)
    }

    mutating func write(_ family: FamilyReading) {
        let metric = family.metric
        let names = PrometheusName(of: metric)
        let announced = form == .openMetrics ? names.family : names.sample
        let kind = metric.kind == .info && form == .prometheus ? Metric.Kind.gauge : metric.kind
        append("# HELP \(announced) ")
        appendEscaped(metric.meaning, quotes: form == .openMetrics)
        line()
        line("# TYPE \(announced) \(kind.rawValue)")
        if form == .openMetrics, let suffix = metric.unit.suffix { line("# UNIT \(announced) \(suffix)") }
        let isCreatedTold = form == .openMetrics && (metric.kind == .counter || metric.kind == .histogram)
        let sample = Array(names.sample.utf8)
        for series in family.series {
            let labels = series.labelText
            switch series.value {
            case .count(let count):
                begin(sample, "", labels)
                append(count)
                line()
            case .number(let number):
                begin(sample, "", labels)
                append(number)
                line()
            case .distribution(let distribution): write(distribution, sample, labels)
            }
            if isCreatedTold, let created = series.created {
                begin(Array(names.family.utf8), "_created", labels)
                append(Double(created.microseconds) / 1_000_000)
                line()
            }
        }
    }

    mutating func line(_ text: String = "") {
        append(text)
        bytes.append(UInt8(ascii: "\n"))
    }

    // MARK: Parts of a line

    /// `a="1",b="2"`, in either form.
    static func labelText(_ labels: [(name: String, value: String)]) -> [UInt8] {
        var text = ExpositionWriter(form: .prometheus, empty: ())
        for (name, value) in labels {
            if !text.bytes.isEmpty { text.append(",") }
            text.append(name)
            text.append("=\"")
            text.appendEscaped(value, quotes: true)
            text.append("\"")
        }
        return text.bytes
    }

    private init(form: Exposition, empty: Void) { self.form = form }

    /// All of a sample but its value.
    private mutating func begin(_ name: [UInt8], _ suffix: String, _ labels: [UInt8]) {
        bytes += name
        append(suffix)
        if !labels.isEmpty {
            append("{")
            bytes += labels
            append("}")
        }
        append(" ")
    }

    private mutating func write(_ read: Distribution, _ name: [UInt8], _ labels: [UInt8]) {
        var prefix = name + Array("_bucket{".utf8)
        if !labels.isEmpty { prefix += labels + [UInt8(ascii: ",")] }
        prefix += Array("le=\"".utf8)
        let cumulative = read.cumulative
        for (number, (bound, count)) in cumulative.enumerated() {
            bucket(prefix, boundText(bound), count, read.exemplars[number])
        }
        let count = read.count
        bucket(prefix, Array("+Inf".utf8), count, read.exemplars[cumulative.count])
        begin(name, "_sum", labels)
        append(read.sum)
        line()
        begin(name, "_count", labels)
        append(count)
        line()
    }

    private mutating func bucket(_ prefix: [UInt8], _ bound: [UInt8], _ count: UInt64, _ exemplar: Exemplar?) {
        bytes += prefix
        bytes += bound
        append("\"} ")
        append(count)
        // Prometheus' own text format has none.
        if let exemplar, form == .openMetrics {
            append(" # {trace_id=\"\(exemplar.context.trace)\",span_id=\"\(exemplar.context.span)\"} ")
            append(exemplar.value)
            append(" ")
            append(Double(exemplar.at.microseconds) / 1_000_000)
        }
        line()
    }

    /// OpenMetrics writes a bound as a float always, Prometheus' own text format as short as it can be. Many histograms have
    /// the same few.
    private mutating func boundText(_ bound: Double) -> [UInt8] {
        if let known = boundTexts[bound] { return known }
        var text = ExpositionWriter(form: form, empty: ())
        if form == .openMetrics { text.append("\(bound)") } else { text.append(bound) }
        boundTexts[bound] = text.bytes
        return text.bytes
    }

    // MARK: Values

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func append(_ count: UInt64) {
        if count < 10 { return bytes.append(UInt8(ascii: "0") + UInt8(count)) }
        append(String(count))
    }

    private mutating func append(_ number: Double) {
        if number.isNaN { return append("NaN") }
        if number.isInfinite { return append(number < 0 ? "-Inf" : "+Inf") }
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 { return append(String(whole)) }
        append("\(number)")
    }

    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}
