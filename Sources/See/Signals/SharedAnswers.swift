public import FleetCore
import Synchronization

/// Says when something that many have in common may be asked for again, and learns what that takes.
public protocol AskingPace: Sendable {
    /// Whether to ask now. Where it is, ``ended(_:_:)`` tells what it took.
    /// - Parameters:
    ///   - what: what is asked for, by a name.
    ///   - isKnown: whether there is an answer to go on with; where there is none, it is asked for at once.
    func begins(_ what: String, isKnown: Bool) -> Bool

    func ended(_ what: String, _ took: Duration)
}

/// Answers that all who look have in common: one asks, and the others take what was answered last. Where nothing was
/// answered yet, they wait for who asks.
///
/// What fails, fails for who asked, and what was known goes with it: the next one asks anew. Only a refusal is told to
/// those who wait for it, as they would be refused as well.
public final class SharedAnswers<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    public enum Outcome: Sendable {
        case told(Answer)
        case failed(FleetError)
        /// Somebody else asks, and has no answer yet.
        case late
    }

    /// What somebody who looks has.
    public struct Taken: Sendable {
        public var outcome: Outcome
        /// How long it took: waiting for who asks, and asking in the name of all.
        public var took: Duration
    }

    private struct Known {
        var answer: Answer
        var used: Int
    }

    private final class Asking: Sendable {
        let ended = ChangeSignal()
        let refusal = Mutex<FleetError?>(nil)
    }

    private enum Step {
        case take(Answer)
        case ask(Answer?, Asking)
        case wait(Asking)
    }

    private struct State {
        var known: [Key: Known] = [:]
        var asking: [Key: Asking] = [:]
        private var uses = 0

        mutating func use(_ key: Key) {
            uses += 1
            known[key]?.used = uses
        }

        mutating func keep(_ answer: Answer, of key: Key, atMost limit: Int) {
            known[key] = Known(answer: answer, used: 0)
            use(key)
            guard known.count > limit, let oldest = known.min(by: { $0.value.used < $1.value.used }) else { return }
            known[oldest.key] = nil
        }
    }

    private let limit: Int
    private let pace: (any AskingPace)?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: so many answers are known at a time; of more, the one is forgotten that nobody has used for longest.
    ///   - pace: `nil` where everybody asks who looks.
    public init(limit: Int, pace: (any AskingPace)?) {
        self.limit = max(1, limit)
        self.pace = pace
    }

    /// Takes what is known, or asks where it is time for that.
    /// - Parameters:
    ///   - name: how the pace knows it.
    ///   - deadline: until when somebody else who asks is waited for.
    ///   - ask: asks, and is given what was answered last. It tells what it is the answer to, which may be another key
    ///     than it was asked for.
    /// - Throws: `cancelled`, and nothing else.
    public func answer(
        to key: Key, named name: String, until deadline: ContinuousClock.Instant,
        ask: (Answer?) async throws -> (key: Key, answer: Answer)
    ) async throws -> Taken {
        var took = Duration.zero
        while true {
            let begun = ContinuousClock.now
            switch step(to: key, named: name) {
            case .take(let answer):
                return Taken(outcome: .told(answer), took: took)
            case .wait(let asking):
                guard begun < deadline else { return Taken(outcome: .late, took: took) }
                await asking.ended.wait(past: 0, timeout: deadline - begun)
                if Task.isCancelled { throw FleetError.wrapping(CancellationError()) }
                took += ContinuousClock.now - begun
                if let refusal = asking.refusal.withLock({ $0 }) {
                    return Taken(outcome: .failed(refusal), took: took)
                }
            case .ask(let known, let asking):
                let outcome: Outcome
                do {
                    let told = try await ask(known)
                    succeeded(with: told.answer, to: told.key, askedFor: key)
                    outcome = .told(told.answer)
                } catch {
                    let error = FleetError.wrapping(error)
                    failed(error, asking, askedFor: key)
                    outcome = .failed(error)
                }
                let asked = ContinuousClock.now - begun
                pace?.ended(name, asked)
                // Whatever has become of it, nobody waits for it longer.
                asking.ended.notify()
                if case .failed(let error) = outcome, error.code == .cancelled { throw error }
                return Taken(outcome: outcome, took: took + asked)
            }
        }
    }

    private func step(to key: Key, named name: String) -> Step {
        state.withLock { state in
            let known = state.known[key]?.answer
            if let known, state.asking[key] != nil || pace?.begins(name, isKnown: true) == false {
                state.use(key)
                return .take(known)
            }
            if let asking = state.asking[key] { return .wait(asking) }
            if known == nil { _ = pace?.begins(name, isKnown: false) }
            let asking = Asking()
            state.asking[key] = asking
            return .ask(known, asking)
        }
    }

    private func succeeded(with answer: Answer, to found: Key, askedFor key: Key) {
        state.withLock { state in
            state.asking[key] = nil
            state.keep(answer, of: found, atMost: limit)
        }
    }

    private func failed(_ error: FleetError, _ asking: Asking, askedFor key: Key) {
        if error.code == .denied { asking.refusal.withLock { $0 = error } }
        state.withLock { state in
            state.asking[key] = nil
            // Who was told to stop has learnt nothing.
            if error.code != .cancelled { state.known[key] = nil }
        }
    }
}
