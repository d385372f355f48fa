public import FleetCore
import Synchronization

/// How far a subscription has ever come in a stream, so that what it takes again, in a replay or for a view that is built anew, is
/// not counted as late once more.
public final class SubscriptionMark: Sendable {
    private struct State {
        /// Where it was opened first; `nil` where it was not yet.
        var first: Int64?
        /// Where it stands.
        var current: Int64?
        var highest: Int64 = -1
    }

    private let state = Mutex(State())
    private let repeats = Atomic(false)

    public init() {}

    /// Whether it takes what it has taken before.
    public var isRepeating: Bool { repeats.load(ordering: .relaxed) }

    /// How far it has come; `nil` where that is not known yet.
    public var highest: LogPosition? {
        state.withLock { $0.highest < 0 ? nil : LogPosition($0.highest) }
    }

    /// It begins, or goes on, behind a position.
    public func opened(at position: LogPosition) {
        state.withLock { $0.first = $0.first ?? position.value }
        _ = advance(to: position)
    }

    /// It has taken records up to a position.
    /// - Parameter count: how many, without a gap.
    /// - Returns: how many of them, the last ones, it had not taken before.
    @discardableResult
    public func took(_ count: Int, through position: LogPosition) -> Int {
        let before = advance(to: position)
        return before < 0 ? count : Int(min(Int64(count), max(0, position.value - before)))
    }

    /// - Returns: how far it had come before.
    private func advance(to position: LogPosition) -> Int64 {
        state.withLock { state in
            defer {
                state.current = position.value
                state.highest = max(state.highest, position.value)
                repeats.store(position.value < state.highest, ordering: .relaxed)
            }
            return state.highest
        }
    }

    /// Learns how far another process has seen it come.
    /// - Returns: how many of the records that it took here since it was opened had been taken before.
    public func resume(from kept: LogPosition) -> Int64 {
        state.withLock { state in
            state.highest = max(state.highest, kept.value)
            guard let first = state.first, let current = state.current else { return 0 }
            repeats.store(current < state.highest, ordering: .relaxed)
            return max(0, min(current, kept.value) - first)
        }
    }

    /// Learns where the stream ends. One that ends before what was taken is another one: all in it is new.
    public func streamEnds(at last: LogPosition) {
        state.withLock { state in
            guard last.value < state.highest else { return }
            state.highest = state.current.map { min($0, last.value) } ?? -1
            repeats.store(false, ordering: .relaxed)
        }
    }
}
