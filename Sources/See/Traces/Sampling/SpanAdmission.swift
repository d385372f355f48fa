public import FleetCore
import Synchronization

/// Of which traces spans are made, while there are more than making them may cost: a share of the traces, the same ones
/// wherever they come by, so that whole traces are left out and not pieces of each. By the random part of their ids, as
/// OpenTelemetry's consistent probability sampling does it (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag).
public final class SpanAdmission: Sendable {
    /// Spans a second, as an average.
    public let limit: Int
    /// Traces whose random part is lower are admitted.
    private let threshold = Atomic(SpanAdmission.all)
    private let admitted = Atomic(0)
    private let refused = Atomic(0)

    /// Within so many seconds' worth between two adjustments.
    private static let burst = 2
    /// One more than the largest random part, which has 56 bits.
    private static let all: TraceContext.TraceID.RandomPart = 1 << 56

    /// - Parameter limit: so many spans a second may be made. ``adjust(after:)`` is to be called every second, about.
    public init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Whether a span may be made of something that belongs to a trace.
    public func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool {
        // A burst is over before anybody has noticed it.
        let isIn =
            part < threshold.load(ordering: .relaxed) && admitted.load(ordering: .relaxed) < Self.burst * limit
        if isIn { admitted.add(1, ordering: .relaxed) } else { refused.add(1, ordering: .relaxed) }
        return isIn
    }

    /// Spans that were not made.
    public var refusals: Int { refused.load(ordering: .relaxed) }

    /// Raises or lowers the share by what was admitted since this was called last.
    /// - Parameter elapsed: since then.
    public func adjust(after elapsed: Duration) {
        let rate = Double(admitted.exchange(0, ordering: .relaxed)) / max(elapsed.inSeconds, 0.001)
        let factor = min(Double(limit) / max(rate, 1), 2)
        let raised = Double(threshold.load(ordering: .relaxed)) * factor
        // Never so few that nobody would notice that there are fewer again.
        threshold.store(UInt64(min(max(raised, 4_294_967_296), Double(Self.all))), ordering: .relaxed)
    }

    /// The share of traces that is admitted at the moment.
    public var share: Double { Double(threshold.load(ordering: .relaxed)) / Double(Self.all) }
}
