/// The clock that services read and wait by; tests bring their own.
public struct FleetClock: Sendable {
    /// The wall clock.
    public let now: @Sendable () -> Timestamp
    /// Waits for a duration, or throws `CancellationError` as soon as its task is cancelled.
    public let sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's clock.
    public static let system = FleetClock(now: { .now() }, sleep: { try await Task.sleep(for: $0) })
}
