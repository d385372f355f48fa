#if CRASH_POINTS
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif
    import Synchronization
#endif

/// The named places at which fault tests kill the process, as `kill -9` would. Only debug builds have them.
///
/// `FLOTILLA_CRASH_AT=relay-appended:3` kills the process when it passes that point for the third time;
/// `relay-appended:3:stop` stops it there, as SIGSTOP would.
public enum CrashPoint: String, CaseIterable, Sendable {
    /// A batch was read from an outbox; nothing was appended.
    case captured = "relay-captured"
    /// A batch is durable in the broker; the outbox does not know.
    case appended = "relay-appended"
    /// An outbox is about to be told that its rows are published.
    case acknowledging = "relay-acknowledging"
    /// Published rows were deleted in a transaction that has not committed.
    case cleaningUp = "outbox-cleaning-up"
    /// Parked events of an outbox are durable in the broker; the outbox does not know.
    case released = "parked-released"
    /// An effect was written in a transaction that has not committed its cursor.
    case applied = "view-applied"
    /// Effect and cursor are committed; the broker does not know.
    case delivered = "view-delivered"
    /// An endpoint has taken an event; nobody has noted it.
    case pushed = "push-sent"
    /// It is noted in the store; the broker does not know.
    case pushNoted = "push-noted"
    /// A turn of sagas is in the journal; nothing of what it asks for was done.
    case sagaWritten = "saga-written"
    /// Old records were deleted in a transaction that has not committed.
    case trimming = "log-trimming"
    /// A rebuilt view is complete beside the old one.
    case rebuilt = "view-rebuilt"
    /// The old view is gone and the new one is in its place, in a transaction that has not committed.
    case swapping = "view-swapping"

    #if CRASH_POINTS
        private static let armed: (point: CrashPoint, count: Int, signal: Int32)? = {
            guard let setting = getenv("FLOTILLA_CRASH_AT") else { return nil }
            let parts = String(cString: setting).split(separator: ":")
            guard let name = parts.first, let point = CrashPoint(rawValue: String(name)) else { return nil }
            let signal = parts.count > 2 && parts[2] == "stop" ? SIGSTOP : SIGKILL
            return (point, parts.count > 1 ? Int(parts[1]) ?? 1 : 1, signal)
        }()
        private static let passes = Atomic<Int>(0)

        /// Kills or stops the process if this is the armed point and its count is reached.
        public func reached() {
            guard let armed = Self.armed, armed.point == self else { return }
            if Self.passes.add(1, ordering: .relaxed).newValue == armed.count {
                kill(getpid(), armed.signal)
            }
        }
    #else
        @inlinable public func reached() {}
    #endif
}
