public import FleetCore
import Synchronization

/// A clock that stands still until a test moves it.
public final class ManualClock: Sendable {
    private let time: Mutex<Timestamp>

    public init(_ time: Timestamp = Timestamp(microseconds: 1_800_000_000_000_000)) {
        self.time = Mutex(time)
    }

    /// What it shows.
    public var now: Timestamp { time.withLock { $0 } }

    /// Moves it forward.
    public func advance(by duration: Duration) {
        time.withLock { $0 = $0.advanced(by: duration) }
    }

    /// This clock, as services take it. Whoever sleeps by it moves it.
    public var clock: FleetClock {
        FleetClock(
            now: { self.now },
            sleep: { duration in
                try Task.checkCancellation()
                self.advance(by: duration)
                await Task.yield()
            })
    }
}
