public import FleetCore
import Inbox
public import Stores
import Synchronization

/// Looks now and then, while a reader has nothing to do, whether its store still says how far it is. A store that somebody has
/// lost and made anew, or put an older copy of in its place, would be noticed by the next event only, and until then everybody
/// would say that all is well.
public final class CursorCheck: Sendable {
    private struct State {
        var looked = ContinuousClock.now
        var floor = LogPosition.start
    }

    private let subscription: SubscriptionName
    private let stream: StreamName
    private let state = Mutex(State())

    private static let interval = Duration.seconds(5)

    public init(_ subscription: SubscriptionName, in stream: StreamName) {
        self.subscription = subscription
        self.stream = stream
    }

    /// - Parameter position: what the store said when it was opened.
    public func begin(at position: LogPosition) {
        state.withLock { $0 = State(floor: position) }
    }

    /// - Throws: `missing` where the store is another one now; what the store throws.
    public func checkIfDue(in store: any Store) async throws {
        let isDue = state.withLock { state in
            guard ContinuousClock.now - state.looked >= Self.interval else { return false }
            state.looked = .now
            return true
        }
        guard isDue else { return }
        let (name, stream) = (subscription.name, stream)
        let found = try await store.read { try Inbox.state(of: name, in: stream, $0) }
        // Nothing but somebody who gives it other contents takes a cursor back.
        guard let position = found?.position, position >= state.withLock(\.floor) else {
            throw FleetError(
                .missing, "\(store.name) is not the store that it was: it knows less of what \(subscription) has read",
                remedy: "it was made anew, or restored: what it lacks is read again, as far as the stream has it")
        }
        state.withLock { $0.floor = max($0.floor, position) }
    }
}
