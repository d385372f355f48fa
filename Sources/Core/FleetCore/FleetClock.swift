#if CRASH_POINTS
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif
#endif

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

    /// The machine's clock. In debug builds, `FLOTILLA_CLOCK_OFFSET` puts it forward by so many seconds, or back: for fault
    /// tests.
    public static let system = FleetClock(
        now: { offset == .zero ? .now() : .now().advanced(by: offset) }, sleep: { try await Task.sleep(for: $0) })

    #if CRASH_POINTS
        private static let offset: Duration = {
            guard let setting = getenv("FLOTILLA_CLOCK_OFFSET"), let seconds = Int32(String(cString: setting)) else {
                return .zero
            }
            return .seconds(seconds)
        }()
    #else
        private static let offset = Duration.zero
    #endif
}
