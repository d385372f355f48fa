import Signals

extension FleetMetrics {
    static let exported = Metric(
        "flotilla.telemetry.exported", .counter, .things("item"), ["signal"],
        "Spans, lines of the log, and requests with metrics that the collector has taken.")
    static let notExported = Metric(
        "flotilla.telemetry.dropped", .counter, .things("item"), ["signal", "reason"],
        "Those that did not arrive: no room (full), refused, too late (expired), or the program ended (ended).")
    static let openTraces = Metric(
        "flotilla.traces.open", .gauge, .things("trace"), [], "Traces that are held until it is decided on them.")
    static let openTracesSize = Metric(
        "flotilla.traces.open.size", .gauge, .bytes, [], "What these take in memory, about.")
    static let decidedTraces = Metric(
        "flotilla.traces.decided", .counter, .things("trace"), ["decision"],
        "Traces that are kept, dropped, and decided on before their time as there was no room (early).")
    static let lateSpans = Metric(
        "flotilla.traces.late", .counter, .things("span"), [], "Spans that came behind the decision on their trace.")

    static let omittedSpans = Metric(
        "flotilla.traces.omitted", .counter, .things("span"), [],
        "Spans that were not made, or not taken, as there were more than that may cost.")

    /// What the program tells of its telling.
    static let telemetry = [exported, notExported, openTraces, openTracesSize, decidedTraces, lateSpans, omittedSpans]
}
