#if Postgres
    import FleetCore

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #endif

    /// Wakes a thread that waits in poll(2), from any other thread.
    public final class WakeUpPipe: Sendable {
        /// Readable once somebody has called ``wake()``.
        public let readEnd: Int32
        private let writeEnd: Int32

        /// - Throws: `unavailable` where the process has no descriptor left.
        public init() throws {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else {
                throw FleetError(
                    .unavailable, "no file descriptor is left", remedy: "raise the limit of open files (ulimit -n)",
                    isRetriable: true)
            }
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
            (readEnd, writeEnd) = (ends[0], ends[1])
        }

        deinit {
            close(readEnd)
            close(writeEnd)
        }

        /// A full pipe has woken already.
        public func wake() {
            var byte: UInt8 = 1
            _ = write(writeEnd, &byte, 1)
        }

        func clear() {
            var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            while read(readEnd, &bytes, 32) > 0 {}
        }
    }
#endif
