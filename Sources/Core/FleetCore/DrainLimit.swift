import Synchronization

/// How long work that is told to end may take to end what is under way: all of it together, so that the end of a process does not
/// wait for each part anew.
public final class DrainLimit: Sendable {
    private let limit: Duration
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    /// How often it looks.
    private static let interval = Duration.milliseconds(2)

    public init(_ limit: Duration = .seconds(2)) { self.limit = limit }

    /// Has the work behind a gate rest, and returns once it does, when the limit is over, or when the task is cancelled.
    public func drain(_ gate: FlowGate, until rests: () -> Bool) async {
        let deadline = end.withLock { end in
            let deadline = end ?? ContinuousClock.now + limit
            end = deadline
            return deadline
        }
        gate.setPaused(true)
        while !rests(), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
        }
    }
}
