#if Postgres
    // Dispatch says nothing about the sendability of its queues; a queue may be used from any thread.
    @preconcurrency import Dispatch
    import CLibPQ
    import FleetCore
    import Synchronization

    /// One connection to a PostgreSQL database, on a queue of its own, opened when it is first needed and again after it
    /// was lost.
    ///
    /// Work runs in closures, one at a time, and never blocks the caller's thread. Every error is a ``FleetError`` that
    /// names the store.
    public final class PostgresConnection: Sendable {
        public let address: PostgresAddress
        private let reconnects: Bool
        private let isReplication: Bool
        private let queue: DispatchQueue
        private let state = Mutex(State())
        /// How many closures run or wait here.
        private let load = Atomic(0)

        private struct State {
            var session: PostgresSession?
            var wasOpened = false
            var isClosed = false
        }

        /// - Parameters:
        ///   - reconnects: whether a lost connection is opened anew; not where what the session holds (a lease,
        ///   what it listens to) must not be lost unseen.
        ///   - isReplication: whether it takes the commands of the streaming replication protocol.
        public init(_ address: PostgresAddress, reconnects: Bool = true, isReplication: Bool = false) {
            self.address = address
            self.isReplication = isReplication
            self.reconnects = reconnects
            queue = DispatchQueue(label: "flotilla.postgres")
        }

        var currentLoad: Int { load.load(ordering: .relaxed) }

        /// What a transaction is to be.
        public enum Kind: Sendable {
            /// Serializable: it has the effect of running alone.
            case write
            /// Read committed: for changes that do not depend on what was read.
            case update
            /// All its reads see one state.
            case read
            /// Each read sees what was committed when it began: for what is compared with something that is in no snapshot, as a
            /// replication slot is.
            case look

            fileprivate var begin: String {
                switch self {
                case .write: "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
                case .update: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                case .read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                case .look: "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
                }
            }
        }

        /// Runs `body` in one transaction, and commits it.
        public func transaction<Result: Sendable>(
            _ kind: Kind, _ body: @escaping @Sendable (PostgresSession) throws -> Result
        ) async throws -> Result {
            try await access { session in
                try session.query(kind.begin)
                do {
                    let result = try body(session)
                    try session.drain()
                    try session.commit()
                    return result
                } catch {
                    session.rollback()
                    throw error
                }
            }
        }

        /// Runs `body` in one transaction, and undoes it.
        public func rehearsal<Result: Sendable>(
            _ body: @escaping @Sendable (PostgresSession) throws -> Result
        ) async throws -> Result {
            try await access { session in
                try session.query(Kind.update.begin)
                defer { session.rollback() }
                return try body(session)
            }
        }

        /// Runs `body` outside any transaction: each statement is its own.
        public func access<Result: Sendable>(
            _ body: @escaping @Sendable (PostgresSession) throws -> Result
        ) async throws -> Result {
            let cancellation = CancellationMark()
            load.add(1, ordering: .relaxed)
            defer { load.subtract(1, ordering: .relaxed) }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    queue.async { continuation.resume(with: Swift.Result { try self.perform(body, cancellation) }) }
                }
            } onCancel: {
                cancellation.set()
            }
        }

        private func perform<Result>(
            _ body: (PostgresSession) throws -> Result, _ cancellation: CancellationMark
        ) throws -> Result {
            try cancellation.check(address.name)
            let session = try openSession(cancellation)
            session.work = cancellation
            defer { putBack(session) }
            do {
                return try body(session)
            } catch {
                if cancellation.isMarked { session.requestCancel() }
                throw error is CancellationError ? FleetError.wrapping(error) : error
            }
        }

        private func openSession(_ cancellation: CancellationMark) throws -> PostgresSession {
            let (known, wasOpened, isClosed) = state.withLock { ($0.session, $0.wasOpened, $0.isClosed) }
            if isClosed { throw FleetError(.unavailable, "\(address.name) was closed", isRetriable: true) }
            if let known, known.isUsable { return known }
            if wasOpened, !reconnects {
                throw FleetError(.unavailable, "\(address.name): the connection was lost", isRetriable: true)
            }
            let opened = try PostgresSession(address, replication: isReplication, cancellation: cancellation)
            state.withLock { state in
                state.session = opened
                state.wasOpened = true
            }
            return opened
        }

        /// Keeps a session that stands, and drops one that does not, or that was told to cancel: the order might reach
        /// the next statement.
        private func putBack(_ session: PostgresSession) {
            if session.isUsable, !session.work.isMarked { return }
            session.finish()
            state.withLock { $0.session = nil }
        }

        /// Connects for the length of `body`.
        public static func withConnection<Result>(
            to address: PostgresAddress, _ body: (PostgresConnection) async throws -> Result
        ) async throws -> Result {
            let connection = PostgresConnection(address)
            do {
                let result = try await body(connection)
                await connection.close()
                return result
            } catch {
                await connection.close()
                throw error
            }
        }

        /// Lets go of the connection, after the work at hand.
        public func close() async {
            await withCheckedContinuation { continuation in
                queue.async {
                    self.state.withLock { state in
                        state.session?.finish()
                        state = State(session: nil, wasOpened: true, isClosed: true)
                    }
                    continuation.resume()
                }
            }
        }
    }

    /// Some connections to one database, opened as they are needed.
    public final class PostgresPool: Sendable {
        private let connections: [PostgresConnection]

        public init(_ address: PostgresAddress, size: Int) {
            connections = (0..<max(1, size)).map { _ in PostgresConnection(address) }
        }

        /// The connection with the least to do.
        public func connection() -> PostgresConnection {
            connections.min { $0.currentLoad < $1.currentLoad } ?? connections[0]
        }

        public func close() async {
            for connection in connections { await connection.close() }
        }
    }
#endif
