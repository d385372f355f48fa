#if Postgres
    import FleetCore
    import Outbox
    import PGOutput

    /// What ``ReplicationReader``'s thread knows between two messages: it decodes them, and gathers rows.
    struct ReplicationReading: ~Copyable {
        private var decoder: PGOutputDecoder
        private var assembler: TransactionAssembler<FileSpoolStorage>
        /// A transaction that was streamed, and is being passed on.
        private(set) var replaying: CommittedTransaction?
        private var replayed = ReplayBatch()
        private var events: LogEventReader
        var current = CapturedRows()
        var pace = ReplicationPace()
        /// The number of the last row.
        private(set) var row: Int64 = 0
        /// The last of what was gathered: rows are settled in the batches in which they were handed over, so that only
        /// the last transaction of a batch that ended, and the one of its last row, are ever asked for.
        var newMark: ReplicationReader.Mark?
        var newRun: ReplicationReader.Run?
        /// What the last row belongs to.
        private var run: ReplicationReader.Run?
        /// Whether a transaction has begun and not ended.
        private(set) var isWithinTransaction = false
        var received = LogSequenceNumber.none
        private let partial: (transaction: LogSequenceNumber, rows: Int64)
        private let readsMessages: Bool
        private let limit: BatchLimit

        init(options: ReplicationReader.Options, version: ProtocolVersion) {
            decoder = PGOutputDecoder(version: version)
            assembler = TransactionAssembler(storage: FileSpoolStorage(directory: options.spoolDirectory))
            events = LogEventReader(source: options.source)
            partial = options.partial
            readsMessages = options.readsMessages
            limit = options.limit
            received = options.start
        }

        /// Takes a message of `pgoutput`.
        /// - Throws: ``PGOutputError`` for what is none.
        mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
            try take(try decoder.decode(bytes.bytes), in: bytes)
        }

        private mutating func take(_ message: PGOutputMessage, in bytes: UnsafeRawBufferPointer) throws {
            switch try assembler.take(message) {
            case .nothing:
                if case .begin = message { isWithinTransaction = true }
            case .committed(let committed):
                guard let kept = change(message, in: bytes) else { return }
                take(kept, of: committed.transaction, ordinal: committed.ordinal)
            case .undecided:
                guard let kept = change(message, in: bytes) else { return }
                try assembler.keep { kept.write(to: &$0) }
            case .ended(let transaction):
                end(transaction)
            case .replay(let transaction):
                replaying = transaction
            case .immediate:
                guard case .logicalMessage(let message) = message,
                    let kept = change(.logicalMessage(message), in: bytes), case .message(let content) = kept
                else { return }
                row += 1
                events.take(
                    message: content, isTransactional: false, at: OutboxPosition(row), committedAt: .now(),
                    into: &current)
                // Everything that was committed before it came before it.
                mark(message.place)
            }
        }

        /// What makes an event of a message; `nil` where there is none in it.
        private mutating func change(
            _ message: PGOutputMessage, in bytes: UnsafeRawBufferPointer
        ) -> KeptChange? {
            switch message {
            case .insert(let change):
                guard let relation = decoder.relation(change.relation) else { return nil }
                return .row(events.row(decoder.newColumns, of: relation, in: bytes))
            case .logicalMessage(let message):
                guard readsMessages, bytes[message.prefix.range].elementsEqual(LogEventReader.prefix.utf8)
                else {
                    return nil
                }
                return .message(UnsafeRawBufferPointer(rebasing: bytes[message.content.range]))
            default:
                return nil
            }
        }

        /// Takes a change of a committed transaction, unless it was settled before.
        private mutating func take(
            _ change: KeptChange, of transaction: CommittedTransaction, ordinal: Int
        ) {
            let ordinal = Int64(ordinal)
            if transaction.commit == partial.transaction, ordinal < partial.rows { return }
            row += 1
            // Changes between that are no events make a new run.
            let expected = run.map { $0.ordinal + row - $0.first }
            if run?.transaction != transaction.commit || expected != ordinal {
                run = ReplicationReader.Run(first: row, ordinal: ordinal, transaction: transaction.commit)
                newRun = run
            }
            let position = OutboxPosition(row)
            switch change {
            case .row(let row):
                events.take(row, at: position, committedAt: transaction.time, into: &current)
            case .message(let content):
                events.take(
                    message: content, isTransactional: true, at: position, committedAt: transaction.time,
                    into: &current)
            }
        }

        private mutating func end(_ transaction: CommittedTransaction) {
            isWithinTransaction = false
            guard let end = transaction.end else { return }
            mark(end)
            received = max(received, end)
        }

        /// Notes what to confirm once every row so far is settled.
        private mutating func mark(_ end: LogSequenceNumber) {
            // Before version 15 transactions come of which nothing is published: without rows they need no mark of their own.
            newMark = ReplicationReader.Mark(through: row, end: end)
        }

        /// Takes the next changes of the transaction that is being passed on, about as many as the batch has room for.
        mutating func replay() throws {
            guard let transaction = replaying else { return }
            let room = BatchLimit(
                events: EventCount(max(1, limit.events.value - current.count)),
                bytes: ByteCount(max(1, limit.bytes.value - current.size.value)))
            var batch = ReplayBatch()
            swap(&batch, &replayed)
            try assembler.nextBatch(room, into: &batch)
            try batch.bytes.withUnsafeBytes { bytes in
                for record in batch.records {
                    let change = try KeptChange(reading: UnsafeRawBufferPointer(rebasing: bytes[record.range]))
                    take(change, of: transaction, ordinal: record.ordinal)
                }
            }
            if batch.isLast {
                replaying = nil
                end(transaction)
            }
            swap(&batch, &replayed)
        }
    }
#endif
