import FleetCore
import Foundation
import HTTPServer
import Synchronization

/// Whether the process lives, and whether the fleet is well: what `/healthz` and `/readyz` say.
final class FleetHealth: Sendable {
    /// Why the fleet is not ready.
    struct Reason: Encodable, Sendable, Hashable {
        /// What it is about: `store orders`, `orders outbox`.
        var part: String
        var reason: String
    }

    private struct State {
        /// Why nothing is carried; `nil` while the fleet is.
        var waiting: String? = "the process is starting"
        var run: FleetPulse?
        /// By part: `nil` is well.
        var looks: [String: String?] = [:]
        /// By part: what waits for an operator, and stands in nobody's way.
        var attention: [String: String] = [:]
        /// When tasks came to their turn last; `nil` where nobody beats.
        var heartbeat: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    /// A process whose tasks do not come to their turn for so long is stuck.
    static let heartbeatLimit = Duration.seconds(30)
    static let heartbeatInterval = Duration.seconds(1)
    /// What is only waited for may take this long before it is told.
    static let patience = Duration.seconds(5)

    private static let notLookedAt = "it was not looked at yet"

    /// How a part was when it was looked at last.
    func condition(of part: String) -> ObjectiveCount.Condition {
        switch state.withLock({ $0.looks[part] }) {
        case nil, .some(.some(Self.notLookedAt)): .unknown
        case .some(nil): .well
        case .some(.some): .ill
        }
    }

    /// Says that tasks come to their turn. Whoever has said so goes on to, until ``end(because:)``.
    func beat() { state.withLock { $0.heartbeat = .now } }

    /// Beats until the task is cancelled.
    func beatRepeatedly() async {
        repeat { beat() } while (try? await Task.sleep(for: Self.heartbeatInterval)) != nil
        state.withLock { $0.heartbeat = nil }
    }

    func begin(_ pulse: FleetPulse) {
        state.withLock { state in
            state.waiting = nil
            state.run = pulse
            state.attention = [:]
            state.looks = Dictionary(uniqueKeysWithValues: pulse.parts.map { ($0, Self.notLookedAt) })
        }
    }

    /// - Parameter reason: why the fleet is not carried by this process.
    func end(because reason: String) {
        state.withLock { state in
            state.waiting = reason
            state.run = nil
            state.looks = [:]
            state.attention = [:]
            state.heartbeat = nil
        }
    }

    /// Tells of something that waits for an operator. The fleet stays ready: it is carried as it should be.
    /// - Parameter text: `nil` where nothing waits.
    func attend(to part: String, _ text: String?) {
        state.withLock { $0.attention[part] = text }
    }

    /// - Parameter trouble: `nil` where all is well.
    func looked(at part: String, _ trouble: String?) {
        state.withLock { $0.looks[part] = trouble }
    }

    // MARK: Answers

    /// Where it is `nil`, the process is well.
    func illness(at now: ContinuousClock.Instant = .now) -> String? {
        guard let heartbeat = state.withLock({ $0.heartbeat }) else { return nil }
        let silence = now - heartbeat
        return silence > Self.heartbeatLimit
            ? "no task has come to its turn for \(Int(silence.inSeconds)) s" : nil
    }

    func reasons(at now: Timestamp = .now()) -> [Reason] {
        let state = state.withLock { $0 }
        if let waiting = state.waiting { return [Reason(part: "fleet", reason: waiting)] }
        var reasons = state.looks.compactMap { part, trouble in trouble.map { Reason(part: part, reason: $0) } }
        for work in state.run?.work ?? [] {
            guard let condition = work.progress.snapshot.condition else { continue }
            if condition.error.waitingHelps, now.elapsed(since: condition.since) < Self.patience { continue }
            reasons.append(Reason(part: work.progress.name, reason: condition.error.description))
        }
        reasons += state.run?.stillness.reasons() ?? []
        return reasons.sorted { ($0.part, $0.reason) < ($1.part, $1.reason) }
    }

    var livenessAnswer: HTTPAnswer {
        struct Answer: Encodable {
            var healthy: Bool
            var reason: String?
        }
        let illness = illness()
        return Self.answer(illness == nil ? 200 : 503, Answer(healthy: illness == nil, reason: illness))
    }

    var readinessAnswer: HTTPAnswer {
        struct Answer: Encodable {
            var ready: Bool
            var reasons: [Reason]
            var paused: [String]
            var attention: [Reason]
        }
        let reasons = reasons()
        let (work, attention) = state.withLock { ($0.run?.work ?? [], $0.attention) }
        let paused = Set(work.filter(\.isPaused).map(\.subject)).sorted()
        return Self.answer(
            reasons.isEmpty ? 200 : 503,
            Answer(
                ready: reasons.isEmpty, reasons: reasons, paused: paused,
                attention: attention.sorted { $0.key < $1.key }.map { Reason(part: $0.key, reason: $0.value) }))
    }

    private static func answer(_ status: Int, _ value: some Encodable) -> HTTPAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and truths alone always encode.
        let data = (try? encoder.encode(value)) ?? Data()
        return HTTPAnswer(status: status, contentType: "application/json", body: Array(data) + [UInt8(ascii: "\n")])
    }
}

/// What of a run tells how the fleet is.
struct FleetPulse: Sendable {
    /// What is looked at: stores, and streams at the broker.
    let parts: [String]
    let work: [FleetRun.Work]
    let stillness: StillnessWatch
}

/// Notices parts that have something to do, and do not move.
final class StillnessWatch: Sendable {
    private struct Part {
        var count = 0
        var since: ContinuousClock.Instant
        var isBehind = false
    }

    private let parts: Mutex<[String: Part]> = Mutex([:])
    /// A part that is behind may be silent for this long.
    static let limit = Duration.seconds(30)

    /// - Parameters:
    ///   - count: what it has done so far.
    ///   - isBehind: whether there is more to do, and nobody has it rest.
    func saw(_ part: String, count: Int, isBehind: Bool, at now: ContinuousClock.Instant = .now) {
        parts.withLock { parts in
            var known = parts[part] ?? Part(since: now)
            if count != known.count || !isBehind || !known.isBehind { known.since = now }
            known.count = count
            known.isBehind = isBehind
            parts[part] = known
        }
    }

    func reasons(at now: ContinuousClock.Instant = .now) -> [FleetHealth.Reason] {
        parts.withLock { parts in
            parts.compactMap { name, part in
                let silence = now - part.since
                guard part.isBehind, silence > Self.limit else { return nil }
                return FleetHealth.Reason(
                    part: name, reason: "it has something to do, and has not moved for \(Int(silence.inSeconds)) s")
            }
        }
    }
}
