import FleetCore

/// Which traces are kept: the policies of OpenTelemetry's tail sampling processor, with its meanings.
///
/// https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor
public indirect enum SamplingPolicy: Sendable, Hashable {
    /// All.
    case always
    /// Those that last at least so long from their first beginning to their last end; with `upTo`, longer than the one and at
    /// most as long as the other.
    case latency(atLeast: Duration, upTo: Duration?)
    /// Those with a span of one of these.
    case status(Set<Status>)
    /// Those of which a span, or the resource, has an attribute that is what is wanted; with `isInverted`, those without any.
    case attribute(String, AttributeTest, isInverted: Bool)
    /// Those with so many spans.
    case spanCount(ClosedRange<Int>)
    /// Those in which a part of the fleet (``SpanKind/subject``) took longer than its time. What is delivered takes from the
    /// beginning of the span that it follows, and where that is not there, from the trace's first beginning; everything else
    /// takes as long as its span.
    case late([String: Duration])
    /// So many spans a second; twice as many at once.
    case rate(spans: Int)
    /// A share of them, from 0 to 1, by the trace's id: the same for whoever asks with the same salt.
    case share(Double, salt: String)
    /// Those that all of these keep.
    case and([SamplingPolicy])
    /// Those that the first of these keeps that keeps any, as long as it has not used up its spans of the second.
    case composite(limit: Int, [Allocation])
    /// Drops those that all of these keep, whatever another policy says.
    case drop([SamplingPolicy])

    public enum Status: String, Sendable, Hashable, CaseIterable { case unset, ok, error }

    /// A part of a composite policy.
    public struct Allocation: Sendable, Hashable {
        public var policy: SamplingPolicy
        /// How many spans of a second it may keep.
        public var spans: Int

        public init(_ policy: SamplingPolicy, spans: Int) {
            self.policy = policy
            self.spans = spans
        }
    }

    public static let usualSalt = "default-hash-seed"

    /// All errors, all slow ones, all in which a part of the fleet was late, and a share of the rest: of each of them at most
    /// `limit` spans a second, so that none takes the others' place.
    /// - Parameter late: how long parts of the fleet may take.
    public static func usual(
        slow: Duration, share: Double, limit: Int, late: [String: Duration] = [:]
    ) -> [SamplingPolicy] {
        var policies: [SamplingPolicy] = [.status([.error]), .latency(atLeast: slow, upTo: nil)]
        if !late.isEmpty { policies.append(.late(late)) }
        policies.append(.share(share, salt: usualSalt))
        return [.composite(limit: limit, policies.map { Allocation($0, spans: limit) })]
    }
}

extension SamplingPolicy {
    /// From when on one of its parts takes a trace for slow; `nil` where none does.
    public var leastLatency: Duration? {
        switch self {
        case .latency(let least, _): least
        case .and(let policies): policies.compactMap(\.leastLatency).min()
        case .composite(_, let allocations): allocations.compactMap(\.policy.leastLatency).min()
        case .always, .status, .attribute, .spanCount, .late, .rate, .share, .drop: nil
        }
    }
}

extension TailSampler.Settings {
    /// Where nobody says otherwise.
    public static let usual = TailSampler.Settings(
        policies: SamplingPolicy.usual(slow: usualSlow, share: usualShare, limit: usualLimit))
    public static let usualSlow = Duration.seconds(1)
    public static let usualShare = 0.05
    /// Spans a second.
    public static let usualLimit = 1000
}

/// What a policy says of a trace.
enum SamplingVerdict: Sendable {
    case keep, pass
    /// Not to be kept, whatever others say.
    case drop
}

/// A policy at work: some remember what they have kept.
struct PolicyState: Sendable {
    private let policy: SamplingPolicy
    private var parts: [PolicyState]
    /// Of an attribute: whether the resource, which all spans have in common, has it.
    private let isOfResource: Bool
    /// Of a rate.
    private var allowance: Double
    private var filled: Timestamp?
    /// Of a composite: the second, and what each part has kept of it.
    private var second: Int64?
    private var used: [Int]

    init(_ policy: SamplingPolicy, resource: [SpanAttribute]) {
        self.policy = policy
        (parts, allowance, used) = ([], 0, [])
        if case .attribute(let name, let test, _) = policy {
            isOfResource = resource.contains { $0.name == name && test.holds(for: $0.value) }
        } else {
            isOfResource = false
        }
        switch policy {
        case .and(let policies), .drop(let policies):
            parts = policies.map { PolicyState($0, resource: resource) }
        case .composite(_, let allocations):
            parts = allocations.map { PolicyState($0.policy, resource: resource) }
            used = allocations.map { _ in 0 }
        case .rate(let spans): allowance = Double(spans) * 2
        case .always, .latency, .status, .attribute, .spanCount, .late, .share: break
        }
    }

    mutating func judge(_ spans: [Span], at now: Timestamp) -> SamplingVerdict {
        switch policy {
        case .always: return .keep
        case .latency(let least, let most): return Self.lasts(spans, least, most) ? .keep : .pass
        case .status(let wanted): return spans.contains { wanted.contains(Self.status($0)) } ? .keep : .pass
        case .attribute(let name, let test, let isInverted):
            let isThere =
                isOfResource || spans.contains { span in span.value(of: name).map { test.holds(for: $0) } ?? false }
            return isThere != isInverted ? .keep : .pass
        case .spanCount(let bounds): return bounds.contains(spans.count) ? .keep : .pass
        case .late(let limits): return Self.isLate(spans, limits) ? .keep : .pass
        case .rate(let limit): return isAllowed(spans.count, limit, at: now) ? .keep : .pass
        case .share(let share, let salt):
            guard let trace = spans.first?.trace else { return .pass }
            return Self.hash(trace, salt) <= Self.threshold(share) ? .keep : .pass
        case .and: return keepAll(spans, at: now) ? .keep : .pass
        case .drop: return keepAll(spans, at: now) ? .drop : .pass
        case .composite(let limit, let allocations): return composite(spans, limit, allocations, at: now)
        }
    }

    /// All parts are asked in their order until one does not keep it.
    private mutating func keepAll(_ spans: [Span], at now: Timestamp) -> Bool {
        for index in parts.indices {
            guard case .keep = parts[index].judge(spans, at: now) else { return false }
        }
        return !parts.isEmpty
    }

    private mutating func composite(
        _ spans: [Span], _ limit: Int, _ allocations: [SamplingPolicy.Allocation], at now: Timestamp
    ) -> SamplingVerdict {
        let current = now.microseconds / 1_000_000
        if second != current {
            second = current
            for index in used.indices { used[index] = 0 }
        }
        for index in parts.indices {
            guard case .keep = parts[index].judge(spans, at: now) else { continue }
            let total = used[index] + spans.count
            guard total <= allocations[index].spans, total <= limit else { return .pass }
            used[index] = total
            return .keep
        }
        return .pass
    }

    // MARK: One by one

    private static func lasts(_ spans: [Span], _ least: Duration, _ most: Duration?) -> Bool {
        guard let start = spans.map(\.start).min(), let end = spans.map(\.end).max() else { return false }
        let took = end.elapsed(since: start)
        return most.map { took > least && took <= $0 } ?? (took >= least)
    }

    private static func isLate(_ spans: [Span], _ limits: [String: Duration]) -> Bool {
        let parts = spans.compactMap { span in
            span.kind.subject.flatMap { limits[$0] }.map { (span: span, limit: $0) }
        }
        guard !parts.isEmpty, let first = spans.map(\.start).min() else { return false }
        let starts = Dictionary(spans.map { ($0.context.span, $0.start) }) { one, _ in one }
        return parts.contains { span, limit in
            let start =
                switch span.kind.role {
                case .consumer, .client: span.parent.flatMap { starts[$0] } ?? first
                case .inner, .server, .producer: span.start
                }
            return span.end.elapsed(since: start) > limit
        }
    }

    private static func status(_ span: Span) -> SamplingPolicy.Status {
        switch span.status {
        case .unset: .unset
        case .ok: .ok
        case .error: .error
        }
    }

    /// A bucket that is full with two seconds' worth.
    private mutating func isAllowed(_ count: Int, _ limit: Int, at now: Timestamp) -> Bool {
        if let filled, now > filled {
            allowance = min(Double(limit) * 2, allowance + now.elapsed(since: filled).inSeconds * Double(limit))
        }
        filled = filled.map { max($0, now) } ?? now
        guard Double(count) <= allowance else { return false }
        allowance -= Double(count)
        return true
    }

    /// FNV-1a of the salt and the id, as the processor has it.
    static func hash(_ trace: TraceContext.TraceID, _ salt: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in salt.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in trace.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    static func threshold(_ share: Double) -> UInt64 {
        if share >= 1 { return .max }
        if share <= 0 { return 0 }
        // 64 bits are more than a Double has: both halves one after the other.
        let scaled = share * 4_294_967_296
        let high = scaled.rounded(.down)
        return UInt64(high) << 32 | UInt64((scaled - high) * 4_294_967_296)
    }
}
