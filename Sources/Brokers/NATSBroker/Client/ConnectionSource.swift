#if NATS
    import FleetCore
    import Synchronization

    /// A connection that is opened when it is first asked for, and anew where it has ended for good.
    final class ConnectionSource: Sendable {
        private struct State {
            var connection: NATSConnection?
            var isClosed = false
        }

        private let settings: NATSSettings
        private let purpose: NATSOptions.Purpose
        private let lock = AsyncLock()
        private let state = Mutex(State())

        init(_ settings: NATSSettings, for purpose: NATSOptions.Purpose) {
            self.settings = settings
            self.purpose = purpose
        }

        /// The connection, if there is one.
        var opened: NATSConnection? { state.withLock { $0.connection } }

        /// How long a connection that was lost is waited for. Then whoever asks is told.
        private static let patience = Duration.seconds(5)

        func connection() async throws -> NATSConnection {
            if let known = opened, !known.isClosed {
                await known.waitUntilConnected(Self.patience)
                return known
            }
            return try await lock.withLock {
                if let known = opened, !known.isClosed { return known }
                try Task.checkCancellation()
                if state.withLock({ $0.isClosed }) { throw CancellationError() }
                let made = try await NATSConnection.open(settings, for: purpose)
                state.withLock { $0.connection = made }
                return made
            }
        }

        func close() async {
            let last = state.withLock { state in
                defer { state.connection = nil }
                state.isClosed = true
                return state.connection
            }
            await last?.close()
        }
    }
#endif
