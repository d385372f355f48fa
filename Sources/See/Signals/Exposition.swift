import FleetCore

/// One of the two forms of text that Prometheus reads.
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
