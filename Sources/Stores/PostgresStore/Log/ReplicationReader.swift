#if Postgres
    import CLibPQ
    // Dispatch says nothing about the sendability of its queues; a queue may be used from any thread.
    @preconcurrency import Dispatch
    import FleetCore
    import Outbox
    import PGOutput
    import PostgresConnection
    import Synchronization

    /// Reads a replication slot on a thread of its own: decodes, gathers rows in batches, and answers the server.
    ///
    /// At most two batches wait for whoever takes them; beyond that the socket is not read, and the server waits.
    final class ReplicationReader: Sendable {
        struct Options: Sendable {
            var address: PostgresAddress
            var slot: String
            var publication: String
            var source: String
            /// Where to begin: what ends before it is not sent.
            var start: LogSequenceNumber
            /// The transaction that was taken in part, and how many of its rows.
            var partial: (transaction: LogSequenceNumber, rows: Int64)
            var readsMessages: Bool
            var limit: BatchLimit
        }

        /// The end of a transaction in the sequence of rows.
        struct Mark: Sendable {
            /// The last row of it that was captured.
            var through: Int64
            /// What to confirm once that row and all before it are settled.
            var end: LogSequenceNumber
        }

        /// Where rows are, for those that are settled in the midst of their transaction.
        struct Run: Sendable {
            /// The number of the first row, and its place within the transaction.
            var first: Int64
            var ordinal: Int64
            /// The place of the transaction's commit.
            var transaction: LogSequenceNumber
        }

        private struct Shared {
            var batches: [CapturedRows] = []
            var marks: [Mark] = []
            var runs: [Run] = []
            /// Everything that the server wrote up to here was received.
            var received = LogSequenceNumber.none
            /// The number of the last row that was captured.
            var last: Int64 = 0
            var failure: FleetError?
            /// The number of the last row that is settled.
            var settled: Int64 = 0
            /// What the server is told to be safe.
            var confirmed = LogSequenceNumber.none
            var asksForReply = false
            var isStopping = false

            var idlePlace: LogSequenceNumber? {
                last <= settled && batches.isEmpty && marks.allSatisfy { $0.through <= settled } ? received : nil
            }
        }

        private let options: Options
        private let shared: Mutex<Shared>
        /// Notified of batches, of the server's answers, and of the end.
        let changes = ChangeSignal()
        private let wakeUp: WakeUpPipe
        private let queue = DispatchQueue(label: "flotilla.replication")
        private let cancellation = CancellationMark()

        private static let batchesAhead = 2
        /// How often the server hears from us at least.
        private static let statusInterval = Duration.seconds(1)

        init(_ options: Options) throws {
            self.options = options
            wakeUp = try WakeUpPipe()
            var initial = Shared()
            initial.confirmed = options.start
            initial.received = options.start
            shared = Mutex(initial)
        }

        /// Connects and begins to read; returns once the server streams.
        func start() async throws {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                queue.async {
                    do {
                        let session = try PostgresSession(
                            self.options.address, replication: true, cancellation: self.cancellation)
                        try self.begin(session)
                        continuation.resume()
                        self.run(session)
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            }
        }

        /// Tells the server once more what is safe, and ends.
        func stop() async {
            shared.withLock { $0.isStopping = true }
            wake()
            await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
        }

        // MARK: For whoever takes the rows

        /// The next batch, if there is one.
        /// - Throws: what the reader ended with, once all that it had read is taken.
        func take() throws -> CapturedRows? {
            let (batch, failure) = shared.withLock { shared -> (CapturedRows?, FleetError?) in
                if shared.batches.isEmpty { return (nil, shared.failure) }
                return (shared.batches.removeFirst(), nil)
            }
            if let failure { throw failure }
            if batch != nil { wake() }
            return batch
        }

        /// Where everything up to a row would be settled: what to confirm, and what was taken of the transaction after it.
        func place(
            settledThrough row: Int64
        ) -> (end: LogSequenceNumber?, partial: (transaction: LogSequenceNumber, rows: Int64)?) {
            shared.withLock { shared in
                var end: LogSequenceNumber?
                while let mark = shared.marks.first, mark.through <= row {
                    end = mark.end
                    shared.marks.removeFirst()
                }
                while shared.runs.count > 1, shared.runs[1].first <= row { shared.runs.removeFirst() }
                guard let run = shared.runs.first, run.first <= row else { return (end, nil) }
                return (end, (run.transaction, row - run.first + run.ordinal + 1))
            }
        }

        /// Notes that every row up to one is settled.
        func settle(through row: Int64) {
            shared.withLock { $0.settled = max($0.settled, row) }
        }

        /// The server's log up to where everything was received and no row of it waits to be settled; `nil` where some do.
        var idlePlace: LogSequenceNumber? { shared.withLock { $0.idlePlace } }

        /// How far the server's log was received.
        var received: LogSequenceNumber { shared.withLock { $0.received } }
        var lastRow: Int64 { shared.withLock { $0.last } }

        /// Has the server told that everything before a place is safe: it is never sent again.
        func confirm(_ place: LogSequenceNumber) {
            shared.withLock { $0.confirmed = max($0.confirmed, place) }
            wake()
        }

        /// Has the server tell how far its log reaches.
        func askForReply() {
            shared.withLock { $0.asksForReply = true }
            wake()
        }

        private func wake() { wakeUp.wake() }

        // MARK: The thread

        private func begin(_ session: PostgresSession) throws {
            let version = session.serverVersion
            var parameters = [
                "proto_version '\(version >= 150_000 ? 3 : version >= 140_000 ? 2 : 1)'",
                "publication_names '\(PostgresAddress.quoted(options.publication))'",
            ]
            if options.readsMessages { parameters.append("messages 'true'") }
            let result = try session.query(
                """
                START_REPLICATION SLOT \(PostgresAddress.quoted(options.slot)) LOGICAL \(options.start)
                (\(parameters.joined(separator: ", ")))
                """)
            guard let result, result.isCopyBoth else {
                throw FleetError(.unavailable, "\(session.name): the server does not stream", isRetriable: true)
            }
        }

        private func run(_ session: PostgresSession) {
            var state = Reading(options: options)
            do {
                try read(session, &state)
                try sendStatus(session, wantsReply: false)
                session.endCopy()
            } catch {
                let failure = FleetError.wrapping(error)
                shared.withLock { $0.failure = failure }
            }
            session.close()
            changes.notify()
        }

        /// What the thread knows between two messages.
        private struct Reading {
            var decoder: PGOutputDecoder
            var events: LogEventReader
            var current = CapturedRows()
            /// The number of the last row.
            var row: Int64 = 0
            /// Of the transaction at hand.
            var transaction = LogSequenceNumber.none
            var committedAt = Timestamp(microseconds: 0)
            var ordinal: Int64 = 0
            var newMarks: [Mark] = []
            var newRuns: [Run] = []
            var received = LogSequenceNumber.none
            let partial: (transaction: LogSequenceNumber, rows: Int64)

            init(options: Options) {
                decoder = PGOutputDecoder(version: .three)
                events = LogEventReader(source: options.source)
                partial = options.partial
                received = options.start
            }
        }

        private func read(_ session: PostgresSession, _ state: inout Reading) throws {
            var lastStatus = ContinuousClock.now
            var confirmed = LogSequenceNumber.none
            while true {
                let (isStopping, wanted, asks) = shared.withLock { shared in
                    defer { shared.asksForReply = false }
                    return (shared.isStopping, shared.confirmed, shared.asksForReply)
                }
                if isStopping { return }
                let now = ContinuousClock.now
                if wanted > confirmed || asks || now - lastStatus >= Self.statusInterval {
                    try sendStatus(session, wantsReply: asks)
                    confirmed = wanted
                    lastStatus = now
                }
                let isFull = try takeMessages(session, &state)
                // All that was there is read, or no more fits: what was gathered goes on.
                let hasRoom = handOver(&state)
                if isFull && hasRoom { continue }
                let wait = max(.milliseconds(1), Self.statusInterval - (ContinuousClock.now - lastStatus))
                try session.wait(reads: hasRoom || !isFull, alsoFor: wakeUp, upTo: wait)
            }
        }

        /// Takes the messages that are there, up to a full batch. Returns whether it ended because one is full.
        private func takeMessages(_ session: PostgresSession, _ state: inout Reading) throws -> Bool {
            while true {
                if state.current.count >= options.limit.events.value || state.current.size >= options.limit.bytes {
                    return true
                }
                let isThere = try session.withCopyData { bytes in try self.take(bytes, session, &state) }
                if !isThere { return false }
            }
        }

        private func take(_ bytes: UnsafeRawBufferPointer, _ session: PostgresSession, _ state: inout Reading) throws {
            do {
                switch try ReplicationMessage(decoding: bytes.bytes) {
                case .keepalive(let keepalive):
                    // Between transactions, everything before this place was sent.
                    if state.transaction == .none { state.received = max(state.received, keepalive.end) }
                    if keepalive.wantsReply { try sendStatus(session, wantsReply: false) }
                case .data(let data):
                    take(
                        try state.decoder.decode(bytes.bytes.extracting(data.data.range)),
                        in: UnsafeRawBufferPointer(rebasing: bytes[data.data.range]), &state)
                }
            } catch let error as PGOutputError {
                throw FleetError(
                    .unavailable, "\(session.name): the server sent what is no replication message: \(error)",
                    isRetriable: true)
            }
        }

        private func take(_ message: PGOutputMessage, in bytes: UnsafeRawBufferPointer, _ state: inout Reading) {
            switch message {
            case .begin(let begin):
                state.transaction = begin.final
                state.committedAt = begin.time
                state.ordinal = 0
            case .insert(let change):
                guard let position = nextRow(&state) else { return }
                state.events.take(
                    state.decoder.newColumns, of: state.decoder.relation(change.relation), in: bytes, at: position,
                    committedAt: state.committedAt, into: &state.current)
            case .logicalMessage(let message):
                let prefix = bytes[message.prefix.range]
                guard options.readsMessages, prefix.elementsEqual(LogEventReader.prefix.utf8) else { return }
                guard let position = nextRow(&state) else { return }
                state.events.take(
                    message: UnsafeRawBufferPointer(rebasing: bytes[message.content.range]),
                    isTransactional: message.isTransactional, at: position,
                    committedAt: message.isTransactional ? state.committedAt : .now(), into: &state.current)
            case .commit(let commit):
                state.newMarks.append(Mark(through: state.row, end: commit.end))
                state.received = max(state.received, commit.end)
                state.transaction = .none
            default:
                break
            }
        }

        /// The number of the row at hand; `nil` where it was settled before.
        private func nextRow(_ state: inout Reading) -> OutboxPosition? {
            defer { state.ordinal += 1 }
            if state.transaction == state.partial.transaction, state.ordinal < state.partial.rows { return nil }
            state.row += 1
            if state.newRuns.last?.transaction != state.transaction || state.newRuns.isEmpty {
                state.newRuns.append(Run(first: state.row, ordinal: state.ordinal, transaction: state.transaction))
            }
            return OutboxPosition(state.row)
        }

        /// Puts what was gathered where it is taken from, if there is room. Returns whether there was.
        private func handOver(_ state: inout Reading) -> Bool {
            let isHandedOver = shared.withLock { shared in
                guard shared.batches.count < Self.batchesAhead else { return false }
                if !state.current.isEmpty { shared.batches.append(state.current) }
                shared.marks += state.newMarks
                for run in state.newRuns where shared.runs.last?.transaction != run.transaction {
                    shared.runs.append(run)
                }
                shared.last = state.row
                shared.received = state.received
                return true
            }
            guard isHandedOver else { return false }
            state.newMarks.removeAll(keepingCapacity: true)
            state.newRuns.removeAll(keepingCapacity: true)
            if !state.current.isEmpty { state.current = CapturedRows() }
            changes.notify()
            return true
        }

        private func sendStatus(_ session: PostgresSession, wantsReply: Bool) throws {
            // The server keeps its log from `flushed` on; `applied` is for those who ask it how far we are.
            let (confirmed, idle) = shared.withLock { ($0.confirmed, $0.idlePlace) }
            let update = StandbyStatusUpdate(
                written: confirmed, flushed: confirmed, applied: max(confirmed, idle ?? .none), time: .now(),
                wantsReply: wantsReply)
            try session.putCopyData(update.encoded())
        }
    }
#endif
