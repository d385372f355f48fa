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
            /// Another connection to the same server.
            var companion: PostgresConnection
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
            /// Whether the companion is being asked whether the server is there.
            var isWatching = false
            /// What the companion ended with.
            var desertion: FleetError?

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
            var reading = ReplicationReading(
                options: options, version: Self.protocolVersion(ofServer: session.serverVersion))
            do {
                try read(session, &reading)
                try sendStatus(session, wantsReply: false)
                session.endCopy()
            } catch {
                let failure = FleetError.wrapping(error)
                shared.withLock { $0.failure = failure }
            }
            session.close()
            changes.notify()
        }

        /// A server that says nothing for so long is asked to answer, and given up after twice as long, as PostgreSQL's own
        /// subscribers do (`wal_receiver_timeout`).
        private static let silence = Duration.seconds(30)

        private func read(_ session: PostgresSession, _ reading: inout ReplicationReading) throws {
            var lastStatus = ContinuousClock.now
            var quiet = WaitingTime(Self.silence * 2)
            var lastWatch = ContinuousClock.now
            var confirmed = LogSequenceNumber.none
            while true {
                let (isStopping, wanted, asks, desertion) = shared.withLock { shared in
                    defer { shared.asksForReply = false }
                    return (shared.isStopping, shared.confirmed, shared.asksForReply, shared.desertion)
                }
                if isStopping { return }
                if let desertion { throw desertion }
                let now = ContinuousClock.now
                let isSilent = quiet.isOver(at: now)
                if wanted > confirmed || asks || now - lastStatus >= Self.statusInterval {
                    guard !isSilent else {
                        throw FleetError(
                            .unavailable, "\(session.name): the server has said nothing for \(Self.silence * 2)",
                            remedy: "see what stands between it and here", isRetriable: true)
                    }
                    try sendStatus(session, wantsReply: asks || quiet.left <= Self.silence)
                    confirmed = wanted
                    lastStatus = now
                }
                let known = reading.pace.total
                let isFull = try takeMessages(session, &reading)
                // What is there and does not fit was heard.
                if reading.pace.total != known || isFull { quiet = WaitingTime(Self.silence * 2, from: now) }
                // All that was there is read, or no more fits: what was gathered goes on.
                let isHeldBack = !reading.pace.handsOver(at: now) && !isFull
                let hasRoom = isHeldBack || handOver(&reading)
                if isFull && hasRoom { continue }
                if isFull, now - lastWatch >= Self.statusInterval {
                    watchServer()
                    lastWatch = now
                }
                let wait = max(.milliseconds(1), Self.statusInterval - (ContinuousClock.now - lastStatus))
                try session.wait(
                    reads: hasRoom || !isFull, alsoFor: wakeUp, upTo: isHeldBack ? ReplicationPace.interval : wait,
                    after: reading.pace.isDense ? ReplicationPace.pause : .zero)
            }
        }

        /// A server that stops waits for whoever reads its log to take all of it, and nothing is read while there is no room.
        /// The other sessions it ends before that: where the companion's is gone, this one ends too.
        private func watchServer() {
            let isUnderWay = shared.withLock { shared in
                defer { shared.isWatching = true }
                return shared.isWatching
            }
            guard !isUnderWay else { return }
            // This is a thread of the reader's own, which cannot wait for a task. There is one at a time, it takes no longer than the
            // companion's answer may, and whoever closes the companion ends it.
            Task {
                do {
                    try await options.companion.access { _ = try $0.query("SELECT 1") }
                    shared.withLock { $0.isWatching = false }
                } catch {
                    let desertion = FleetError.wrapping(error)
                    shared.withLock { $0.desertion = desertion }
                    wake()
                }
            }
        }

        /// Takes the messages that are there, up to a full batch. Returns whether it ended because one is full.
        private func takeMessages(_ session: PostgresSession, _ reading: inout ReplicationReading) throws -> Bool {
            while true {
                if reading.current.count >= options.limit.events.value || reading.current.size >= options.limit.bytes {
                    return true
                }
                if reading.replaying != nil {
                    try reading.replay()
                    continue
                }
                let isThere = try session.withCopyData { bytes in try self.take(bytes, session, &reading) }
                if !isThere { return false }
                reading.pace.messages += 1
                reading.pace.total &+= 1
            }
        }

        private func take(
            _ bytes: UnsafeRawBufferPointer, _ session: PostgresSession, _ reading: inout ReplicationReading
        ) throws {
            do {
                switch try ReplicationMessage(decoding: bytes.bytes) {
                case .keepalive(let keepalive):
                    // Between transactions, everything before this place was sent.
                    if !reading.isWithinTransaction { reading.received = max(reading.received, keepalive.end) }
                    if keepalive.wantsReply {
                        try answer(session, received: reading.isWithinTransaction ? reading.received : keepalive.end)
                    }
                case .data(let data):
                    try reading.take(UnsafeRawBufferPointer(rebasing: bytes[data.data.range]))
                }
            } catch let error as PGOutputError {
                throw FleetError(
                    .unavailable, "\(session.name): the server sent what is no replication message: \(error)",
                    isRetriable: true)
            }
        }

        /// Puts what was gathered where it is taken from, if there is room. Returns whether there was.
        ///
        /// While one waits to be taken, the next grows until it is full: large batches cost less for each row.
        private func handOver(_ reading: inout ReplicationReading) -> Bool {
            let isHandedOver = shared.withLock { shared in
                if !reading.current.isEmpty {
                    guard shared.next == nil else { return false }
                    shared.next = reading.current
                }
                if let mark = reading.newMark {
                    if shared.marks.last?.through == mark.through { shared.marks.removeLast() }
                    shared.marks.append(mark)
                }
                if let run = reading.newRun { shared.runs.append(run) }
                shared.last = reading.row
                shared.received = reading.received
                return true
            }
            guard isHandedOver else { return false }
            reading.newMark = nil
            reading.newRun = nil
            if !reading.current.isEmpty { reading.current = CapturedRows() }
            changes.notify()
            return true
        }

        /// Answers a server that asks how far we are. As it hears from us once a second, that is one that stops: it waits until
        /// all that it has sent is flushed, or, where nothing is said of that, written (`WalSndDone` in walsender.c). It is
        /// told that all was received, and nothing new is confirmed: what is not recorded is sent again after its start.
        private func answer(_ session: PostgresSession, received: LogSequenceNumber) throws {
            let update = StandbyStatusUpdate(
                written: received, flushed: .none, applied: .none, time: .now(), wantsReply: false)
            try session.putCopyData(update.encoded())
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
