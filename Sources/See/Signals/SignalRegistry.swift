public import FleetCore
import Synchronization

/// All that is measured in one process.
public final class SignalRegistry: Sendable {
    private let clock: FleetClock
    private let onOverflow: @Sendable (Metric) -> Void
    private let state = Mutex(State())

    private struct State {
        var families: [String: any AnyFamily] = [:]
        var refreshers: [Int: @Sendable () -> Void] = [:]
        var nextTicket = 0
    }

    /// - Parameter onOverflow: told once of each metric that has more series than it may have.
    public init(clock: FleetClock = .system, onOverflow: @escaping @Sendable (Metric) -> Void = { _ in }) {
        self.clock = clock
        self.onOverflow = onOverflow
    }

    /// The series of a counter.
    public func counter(_ metric: Metric) -> Family<Counter> { family(metric, [.counter]) }

    /// The series of a gauge, of an information, or of a counter that somebody else counts.
    public func gauge(_ metric: Metric) -> Family<Gauge> { family(metric, [.gauge, .info, .counter]) }

    /// The series of a histogram.
    public func histogram(_ metric: Metric) -> Family<Histogram> { family(metric, [.histogram]) }

    private func family<Kind: Instrument>(_ metric: Metric, _ kinds: Set<Metric.Kind>) -> Family<Kind> {
        precondition(kinds.contains(metric.kind), "\(metric.name) is a \(metric.kind)")
        return state.withLock { state in
            if let known = state.families[metric.name] as? Family<Kind> { return known }
            precondition(state.families[metric.name] == nil, "\(metric.name) is two things")
            let new = Family<Kind>(metric, now: clock.now, onOverflow: onOverflow)
            state.families[metric.name] = new
            return new
        }
    }

    /// Has `refresh` called before each reading, for what is known at that moment only. It must be quick.
    /// - Returns: a ticket for ``endRefreshing(_:)``.
    public func refresh(_ refresh: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.nextTicket += 1
            state.refreshers[state.nextTicket] = refresh
            return state.nextTicket
        }
    }

    public func endRefreshing(_ ticket: Int) {
        state.withLock { $0.refreshers[ticket] = nil }
    }

    /// What every metric says, in the order of their names; those that say nothing are not there.
    public func read() -> [FamilyReading] { families().map(\.reading).filter { !$0.series.isEmpty } }

    /// The same as text, for Prometheus.
    public func exposition(_ form: Exposition) -> [UInt8] {
        var writer = ExpositionWriter(form: form)
        for family in families() { family.write(to: &writer) }
        if form == .openMetrics { writer.line("# EOF") }
        return writer.bytes
    }

    private func families() -> [any AnyFamily] {
        for refresher in state.withLock({ $0.refreshers.values.map(\.self) }) { refresher() }
        return state.withLock { $0.families.values.sorted { $0.metric.name < $1.metric.name } }
    }
}
