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
    /// At most one batch waits for whoever takes it while the next is gathered; beyond that the socket is not read, and the server waits.
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
            /// Where transactions in progress are kept that are too large for memory.
            var spoolDirectory: String
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
            /// The batch that waits to be taken.
            var next: CapturedRows?
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
                last <= settled && next == nil && marks.allSatisfy { $0.through <= settled } ? received : nil
            }
        }

        private let options: Options
        private let shared: Mutex<Shared>
        /// Notified of batches, of the server's answers, and of the end.
        let changes = ChangeSignal()
        private let wakeUp: WakeUpPipe
        private let queue = DispatchQueue(label: "flotilla.replication")
        private let cancellation = CancellationMark()

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
            try await withTaskCancellationHandler {
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
            } onCancel: {
                cancellation.set()
            }
        }

        /// How long the server may take to hear that this is the end.
        private static let farewell = DispatchTimeInterval.seconds(1)

        /// Tells the server once more what is safe, and ends.
        func stop() async {
            shared.withLock { $0.isStopping = true }
            wake()
            let cancellation = cancellation
            DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + Self.farewell) { cancellation.set() }
            await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
        }

        // MARK: For whoever takes the rows

        /// The next batch, if there is one.
        /// - Throws: what the reader ended with, once all that it had read is taken.
        func take() throws -> CapturedRows? {
            let (batch, failure) = shared.withLock { shared -> (CapturedRows?, FleetError?) in
                guard let batch = shared.next else { return (nil, shared.failure) }
                shared.next = nil
                return (batch, nil)
            }
            // Whatever it was, this reader is at its end, and waiting for it does not help.
            if let failure, failure.waitingHelps {
                throw FleetError(
                    .unavailable, failure.message, remedy: failure.remedy, isRetriable: true,
                    underlying: failure.underlying)
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
                let end = shared.marks.last { $0.through <= row }?.end
                guard let run = shared.runs.last(where: { $0.first <= row }) else { return (end, nil) }
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

        /// Has the server told that everything before a place is safe: it is never sent again. Rows up to one are
        /// recorded as settled, and are asked for no more.
        func confirm(_ place: LogSequenceNumber, recordedThrough row: Int64) {
            shared.withLock { shared in
                shared.confirmed = max(shared.confirmed, place)
                // The end of a transaction may have come since its rows were recorded: the next record needs it.
                shared.marks.removeFirst(shared.marks.prefix { $0.through <= row && $0.end <= place }.count)
                // The run of the last row is that of the next, as a rule.
                shared.runs.removeFirst(max(0, shared.runs.prefix { $0.first <= row }.count - 1))
            }
            wake()
        }

        /// Has the server tell how far its log reaches.
        func askForReply() {
            shared.withLock { $0.asksForReply = true }
            wake()
        }

        private func wake() { wakeUp.wake() }

        // MARK: The thread

        /// The newest version of the protocol that a server speaks.
        static func protocolVersion(ofServer version: Int) -> ProtocolVersion {
            switch version {
            case 160_000...: .four
            case 150_000...: .three
            case 140_000...: .two
            default: .one
            }
        }

        private func begin(_ session: PostgresSession) throws {
            let version = Self.protocolVersion(ofServer: session.serverVersion)
            var parameters = [
                "proto_version '\(version.rawValue)'",
                "publication_names '\(PostgresAddress.quoted(options.publication))'",
            ]
            // Large transactions come while they are in progress, and need not be waited for at their commit.
            // Not where messages are read: the server names their transaction, and not the sub-transaction (`pgoutput_message`
            // in pgoutput.c), so that those of an undone one could not be told.
            if version >= .two, !options.readsMessages { parameters.append("streaming 'on'") }
            if options.readsMessages { parameters.append("messages 'true'") }
            let result = try start(
                session,
                """
                START_REPLICATION SLOT \(PostgresAddress.quoted(options.slot)) LOGICAL \(options.start)
                (\(parameters.joined(separator: ", ")))
                """)
            guard let result, result.isCopyBoth else {
                throw FleetError(.unavailable, "\(session.name): the server does not stream", isRetriable: true)
            }
        }

        private func start(_ session: PostgresSession, _ command: String) throws -> PostgresResult? {
            do {
                return try session.query(command)
            } catch let error as FleetError where error.code == .busy {
                throw FleetError(
                    .busy, "\(session.name): another flotilla captures this outbox, by a process of the server",
                    remedy: "stop it, or leave the work to it", isRetriable: true, underlying: error.underlying)
            }
        }

        private func run(_ session: PostgresSession) {
            var state = Reading(
                options: options, version: Self.protocolVersion(ofServer: session.serverVersion))
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
        private struct Reading: ~Copyable {
            var decoder: PGOutputDecoder
            var assembler: TransactionAssembler<FileSpoolStorage>
            /// A transaction that was streamed, and is being passed on.
            var replaying: CommittedTransaction?
            var replayed = ReplayBatch()
            var events: LogEventReader
            var current = CapturedRows()
            var pace = Pace()
            /// The number of the last row.
            var row: Int64 = 0
            /// The last of what was gathered: rows are settled in the batches in which they were handed over, so that only
            /// the last transaction of a batch that ended, and the one of its last row, are ever asked for.
            var newMark: Mark?
            var newRun: Run?
            /// What the last row belongs to.
            var run: Run?
            /// Whether a transaction has begun and not ended.
            var isWithinTransaction = false
            var received = LogSequenceNumber.none
            let partial: (transaction: LogSequenceNumber, rows: Int64)

            init(options: Options, version: ProtocolVersion) {
                decoder = PGOutputDecoder(version: version)
                assembler = TransactionAssembler(storage: FileSpoolStorage(directory: options.spoolDirectory))
                events = LogEventReader(source: options.source)
                partial = options.partial
                received = options.start
            }
        }

        /// How fast messages come. Where they come densely, to wake up for each would cost the server and us more than all
        /// else: they gather for a moment before they are read, and rows for another before they are handed over.
        private struct Pace {
            /// How often rows are handed over, where they come densely.
            static let interval = Duration.milliseconds(2)
            /// So many messages within an interval are dense.
            private static let denseCount = 32
            /// How long messages gather. Much longer, and the server would have to wait for room in the socket.
            static let pause = Duration.microseconds(200)

            var messages = 0
            /// Messages ever.
            var total = 0
            private(set) var isDense = false
            private var start = ContinuousClock.now

            /// Whether it is time to hand rows over; asked after each look at the socket.
            mutating func handsOver(at now: ContinuousClock.Instant) -> Bool {
                guard now - start >= Self.interval else { return !isDense }
                isDense = messages >= Self.denseCount
                messages = 0
                start = now
                return true
            }
        }

        /// A server that says nothing for so long is asked to answer, and given up after twice as long, as PostgreSQL's own
        /// subscribers do (`wal_receiver_timeout`).
        private static let silence = Duration.seconds(30)

        private func read(_ session: PostgresSession, _ state: inout Reading) throws {
            var lastStatus = ContinuousClock.now
            var lastHeard = ContinuousClock.now
            var confirmed = LogSequenceNumber.none
            while true {
                let (isStopping, wanted, asks) = shared.withLock { shared in
                    defer { shared.asksForReply = false }
                    return (shared.isStopping, shared.confirmed, shared.asksForReply)
                }
                if isStopping { return }
                let now = ContinuousClock.now
                if wanted > confirmed || asks || now - lastStatus >= Self.statusInterval {
                    guard now - lastHeard < Self.silence * 2 else {
                        throw FleetError(
                            .unavailable, "\(session.name): the server has said nothing for \(Self.silence * 2)",
                            remedy: "see what stands between it and here", isRetriable: true)
                    }
                    try sendStatus(session, wantsReply: asks || now - lastHeard >= Self.silence)
                    confirmed = wanted
                    lastStatus = now
                }
                let known = state.pace.total
                let isFull = try takeMessages(session, &state)
                // What is there and does not fit was heard.
                if state.pace.total != known || isFull { lastHeard = now }
                // All that was there is read, or no more fits: what was gathered goes on.
                let isHeldBack = !state.pace.handsOver(at: now) && !isFull
                let hasRoom = isHeldBack || handOver(&state)
                if isFull && hasRoom { continue }
                let wait = max(.milliseconds(1), Self.statusInterval - (ContinuousClock.now - lastStatus))
                try session.wait(
                    reads: hasRoom || !isFull, alsoFor: wakeUp, upTo: isHeldBack ? Pace.interval : wait,
                    after: state.pace.isDense ? Pace.pause : .zero)
            }
        }

        /// Takes the messages that are there, up to a full batch. Returns whether it ended because one is full.
        private func takeMessages(_ session: PostgresSession, _ state: inout Reading) throws -> Bool {
            while true {
                if state.current.count >= options.limit.events.value || state.current.size >= options.limit.bytes {
                    return true
                }
                if state.replaying != nil {
                    try replay(&state)
                    continue
                }
                let isThere = try session.withCopyData { bytes in try self.take(bytes, session, &state) }
                if !isThere { return false }
                state.pace.messages += 1
                state.pace.total &+= 1
            }
        }

        private func take(_ bytes: UnsafeRawBufferPointer, _ session: PostgresSession, _ state: inout Reading) throws {
            do {
                switch try ReplicationMessage(decoding: bytes.bytes) {
                case .keepalive(let keepalive):
                    // Between transactions, everything before this place was sent.
                    if !state.isWithinTransaction { state.received = max(state.received, keepalive.end) }
                    if keepalive.wantsReply { try sendStatus(session, wantsReply: false) }
                case .data(let data):
                    try take(
                        try state.decoder.decode(bytes.bytes.extracting(data.data.range)),
                        in: UnsafeRawBufferPointer(rebasing: bytes[data.data.range]), &state)
                }
            } catch let error as PGOutputError {
                throw FleetError(
                    .unavailable, "\(session.name): the server sent what is no replication message: \(error)",
                    isRetriable: true)
            }
        }

        private func take(
            _ message: PGOutputMessage, in bytes: UnsafeRawBufferPointer, _ state: inout Reading
        ) throws {
            switch try state.assembler.take(message) {
            case .nothing:
                if case .begin = message { state.isWithinTransaction = true }
            case .committed(let committed):
                guard let kept = change(message, in: bytes, &state) else { return }
                take(kept, of: committed.transaction, ordinal: committed.ordinal, &state)
            case .undecided:
                guard let kept = change(message, in: bytes, &state) else { return }
                try state.assembler.keep { kept.write(to: &$0) }
            case .ended(let transaction):
                end(transaction, &state)
            case .replay(let transaction):
                state.replaying = transaction
            case .immediate:
                guard case .logicalMessage(let message) = message,
                    let kept = change(.logicalMessage(message), in: bytes, &state), case .message(let content) = kept
                else { return }
                state.row += 1
                state.events.take(
                    message: content, isTransactional: false, at: OutboxPosition(state.row), committedAt: .now(),
                    into: &state.current)
                // Everything that was committed before it came before it.
                mark(message.place, &state)
            }
        }

        /// What makes an event of a message; `nil` where there is none in it.
        private func change(
            _ message: PGOutputMessage, in bytes: UnsafeRawBufferPointer, _ state: inout Reading
        ) -> KeptChange? {
            switch message {
            case .insert(let change):
                guard let relation = state.decoder.relation(change.relation) else { return nil }
                return .row(state.events.row(state.decoder.newColumns, of: relation, in: bytes))
            case .logicalMessage(let message):
                guard options.readsMessages, bytes[message.prefix.range].elementsEqual(LogEventReader.prefix.utf8)
                else {
                    return nil
                }
                return .message(UnsafeRawBufferPointer(rebasing: bytes[message.content.range]))
            default:
                return nil
            }
        }

        /// Takes a change of a committed transaction, unless it was settled before.
        private func take(
            _ change: KeptChange, of transaction: CommittedTransaction, ordinal: Int, _ state: inout Reading
        ) {
            let ordinal = Int64(ordinal)
            if transaction.commit == state.partial.transaction, ordinal < state.partial.rows { return }
            state.row += 1
            // Changes between that are no events make a new run.
            let expected = state.run.map { $0.ordinal + state.row - $0.first }
            if state.run?.transaction != transaction.commit || expected != ordinal {
                let run = Run(first: state.row, ordinal: ordinal, transaction: transaction.commit)
                state.run = run
                state.newRun = run
            }
            let position = OutboxPosition(state.row)
            switch change {
            case .row(let row):
                state.events.take(row, at: position, committedAt: transaction.time, into: &state.current)
            case .message(let content):
                state.events.take(
                    message: content, isTransactional: true, at: position, committedAt: transaction.time,
                    into: &state.current)
            }
        }

        private func end(_ transaction: CommittedTransaction, _ state: inout Reading) {
            state.isWithinTransaction = false
            guard let end = transaction.end else { return }
            mark(end, &state)
            state.received = max(state.received, end)
        }

        /// Notes what to confirm once every row so far is settled.
        private func mark(_ end: LogSequenceNumber, _ state: inout Reading) {
            // Before version 15 transactions come of which nothing is published: without rows they need no mark of their own.
            state.newMark = Mark(through: state.row, end: end)
        }

        /// Takes the next changes of the transaction that is being passed on, about as many as the batch has room for.
        private func replay(_ state: inout Reading) throws {
            guard let transaction = state.replaying else { return }
            let room = BatchLimit(
                events: EventCount(max(1, options.limit.events.value - state.current.count)),
                bytes: ByteCount(max(1, options.limit.bytes.value - state.current.size.value)))
            var batch = ReplayBatch()
            swap(&batch, &state.replayed)
            try state.assembler.nextBatch(room, into: &batch)
            try batch.bytes.withUnsafeBytes { bytes in
                for record in batch.records {
                    let change = try KeptChange(reading: UnsafeRawBufferPointer(rebasing: bytes[record.range]))
                    take(change, of: transaction, ordinal: record.ordinal, &state)
                }
            }
            if batch.isLast {
                state.replaying = nil
                end(transaction, &state)
            }
            swap(&batch, &state.replayed)
        }

        /// Puts what was gathered where it is taken from, if there is room. Returns whether there was.
        ///
        /// While one waits to be taken, the next grows until it is full: large batches cost less for each row.
        private func handOver(_ state: inout Reading) -> Bool {
            let isHandedOver = shared.withLock { shared in
                if !state.current.isEmpty {
                    guard shared.next == nil else { return false }
                    shared.next = state.current
                }
                if let mark = state.newMark {
                    if shared.marks.last?.through == mark.through { shared.marks.removeLast() }
                    shared.marks.append(mark)
                }
                if let run = state.newRun { shared.runs.append(run) }
                shared.last = state.row
                shared.received = state.received
                return true
            }
            guard isHandedOver else { return false }
            state.newMark = nil
            state.newRun = nil
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
