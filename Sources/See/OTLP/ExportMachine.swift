import FleetCore

/// What waits to be exported of one signal, and what became of it: the logic, without I/O, clock or randomness.
///
/// One batch at a time is under way. Where there is no room for more, the oldest is dropped, and counted.
struct ExportMachine<Item: Sendable>: Sendable {
    /// Why something was not exported.
    enum Loss: String, Sendable, CaseIterable {
        /// There was no room for it.
        case full
        /// The collector refused it.
        case refused
        /// It could not be delivered in time.
        case expired
        /// The program ended.
        case ended
    }

    /// What is worth a line in the log.
    enum Notice: Sendable, Equatable {
        /// Told once, until ``recovered``. Where the collector refused what it was sent, that is lost.
        case trouble(String, isLost: Bool)
        /// The collector does not take everything: told once.
        case partial(rejected: Int64, message: String)
        case recovered
    }

    struct Limits: Sendable {
        /// Items that wait, at most.
        var waiting: Int
        /// Items of one request, at most.
        var batch: Int
        /// For so long a batch is sent again and again.
        var patience: Duration = .seconds(300)
        var backoff = Backoff(initial: .seconds(1), cap: .seconds(30))
    }

    private let limits: Limits
    private var waiting: [Item] = []
    /// Of ``waiting``, those that are taken or dropped already.
    private var gone = 0
    private var underWay: [Item] = []
    private var begun: Timestamp?
    private var failures = 0
    private var isInTrouble = false
    private var hasToldPartial = false
    /// So many were not exported, by the reason.
    private(set) var losses: [Loss: Int] = [:]
    private(set) var exported = 0

    init(_ limits: Limits) { self.limits = limits }

    var count: Int { waiting.count - gone }
    var isEmpty: Bool { count == 0 && underWay.isEmpty }
    var hasFullBatch: Bool { count >= limits.batch }

    mutating func add(_ items: [Item]) {
        waiting += items
        let surplus = count - limits.waiting
        if surplus > 0 {
            gone += surplus
            lose(surplus, .full)
        }
        if gone > 1024, gone > waiting.count / 2 { compact() }
    }

    /// The batch that is to be sent now: again the one that failed, or else the next. `nil` where nothing waits.
    mutating func begin(at now: Timestamp) -> [Item]? {
        if underWay.isEmpty {
            guard count > 0 else { return nil }
            let end = min(gone + limits.batch, waiting.count)
            underWay = Array(waiting[gone..<end])
            gone = end
            begun = now
            if gone == waiting.count { compact() }
        }
        return underWay
    }

    /// Takes what became of the batch under way.
    /// - Returns: what to tell, and how long to wait before the next request.
    mutating func ended(
        _ outcome: OTLPAnswer.Outcome, at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> (notices: [Notice], wait: Duration) {
        switch outcome {
        case .taken(let rejected, let message):
            let lost = min(max(0, Int(clamping: rejected)), underWay.count)
            exported += underWay.count - lost
            if lost > 0 { lose(lost, .refused) }
            forgetBatch()
            var notices: [Notice] = isInTrouble ? [.recovered] : []
            isInTrouble = false
            if rejected > 0 || !message.isEmpty, !hasToldPartial {
                hasToldPartial = true
                notices.append(.partial(rejected: rejected, message: message))
            }
            return (notices, .zero)
        case .refused(let why):
            lose(underWay.count, .refused)
            forgetBatch()
            // The next batch may fare no better.
            return (trouble(why, isLost: true), limits.backoff.delay(afterFailures: 1, using: &random))
        case .later(let why, let least):
            failures += 1
            let wait = max(limits.backoff.delay(afterFailures: failures, using: &random), least ?? .zero)
            if let begun, now.elapsed(since: begun) + wait > limits.patience {
                lose(underWay.count, .expired)
                let known = failures
                forgetBatch()
                // Whoever does not answer is asked no more often because of it.
                failures = known
            }
            return (trouble(why, isLost: false), wait)
        }
    }

    /// Gives up on all that is left.
    mutating func end() {
        lose(count + underWay.count, .ended)
        waiting = []
        gone = 0
        forgetBatch()
    }

    private mutating func trouble(_ why: String, isLost: Bool) -> [Notice] {
        defer { isInTrouble = true }
        return isInTrouble ? [] : [.trouble(why, isLost: isLost)]
    }

    private mutating func forgetBatch() {
        underWay = []
        begun = nil
        failures = 0
    }

    private mutating func lose(_ count: Int, _ why: Loss) {
        if count > 0 { losses[why, default: 0] += count }
    }

    private mutating func compact() {
        waiting.removeFirst(gone)
        gone = 0
    }
}
