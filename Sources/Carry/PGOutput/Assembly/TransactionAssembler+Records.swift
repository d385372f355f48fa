import FleetCore

extension TransactionAssembler {
    /// Keeps a record of the change that was taken last, until its transaction is committed or undone.
    public mutating func keep(_ record: RawSpan) throws {
        var writer = try startRecord(expecting: record.byteCount)
        writer.append(record)
        try endRecord(&writer)
    }

    /// Keeps a record of the change that was taken last, as it is written piece by piece. If `write` throws, nothing is
    /// kept of the change.
    public mutating func keep(_ write: (inout RecordWriter) throws -> Void) throws {
        var writer = try startRecord(expecting: 0)
        do {
            try write(&writer)
        } catch {
            writer.undo()
            putBack(&writer)
            throw error
        }
        try endRecord(&writer)
    }

    /// Takes the open transaction's memory out, so that it is written in place.
    private mutating func startRecord(expecting count: Int) throws -> RecordWriter {
        // Only numbers are taken out of the transaction here: who holds its array a second time makes it be copied.
        guard mayKeep, let used = open?.memory.count, let capacity = open?.memory.capacity else {
            throw FleetError(.bug, "a record was to be kept of what is no undecided change")
        }
        mayKeep = false
        // An array that has to grow doubles: better to make room before than to hold it twice.
        let needed = used + SpoolEntry.headerCount + count
        if needed > capacity, reserved - capacity + max(2 * capacity, needed) > memoryLimit.value { try spill() }
        reserved -= open?.memory.capacity ?? 0
        var memory: [UInt8] = []
        if open != nil { swap(&memory, &open!.memory) }
        return RecordWriter(behind: consume memory)
    }

    private mutating func endRecord(_ writer: inout RecordWriter) throws {
        let count = writer.count
        guard count <= SpoolEntry.recordLimit, let id = open?.writer, let changes = open?.uncounted else {
            throw FleetError(.full, "a change's record of \(count) bytes is too large to be kept")
        }
        writer.write(SpoolEntry(transaction: id, changes: changes, recordCount: count))
        open?.uncounted = 0
        putBack(&writer)
        try spillIfNeeded()
    }

    private mutating func putBack(_ writer: inout RecordWriter) {
        reserved += writer.bytes.capacity
        if open != nil { swap(&open!.memory, &writer.bytes) }
    }

    /// Counts the changes of the open transaction of which nothing was kept.
    mutating func countChanges() {
        guard let id = open?.writer, let changes = open?.uncounted, changes > 0 else { return }
        let entry = SpoolEntry(transaction: id, changes: changes, recordCount: nil)
        reserved -= open?.memory.capacity ?? 0
        withUnsafeBytes(of: entry.header) { open?.memory.append(contentsOf: $0) }
        reserved += open?.memory.capacity ?? 0
        open?.uncounted = 0
    }
}

// MARK: What does not fit in memory

extension TransactionAssembler {
    mutating func spillIfNeeded() throws {
        if reserved > memoryLimit.value { try spill() }
    }

    /// Moves what waits in memory to the storage, the largest transactions first, until half of the bound is free: then
    /// it is not done for a few bytes at a time, nor to small transactions for the sake of a large one.
    private mutating func spill() throws {
        let goal = memoryLimit.value / 2
        if let stream = open.take() {
            // In its own turn, like the others.
            streams[stream.id] = stream
            defer { open = streams.removeValue(forKey: stream.id) }
            try spillLargest(to: goal)
        } else {
            try spillLargest(to: goal)
        }
    }

    private mutating func spillLargest(to goal: Int) throws {
        let sizes = streams.values.map { (id: $0.id, size: $0.memory.capacity) }.filter { $0.size > 0 }
        for (id, _) in sizes.sorted(by: { ($0.size, $0.id.value) > ($1.size, $1.id.value) }) {
            if reserved <= goal { break }
            guard var stream = streams.removeValue(forKey: id) else { continue }
            defer { streams[id] = stream }
            try spill(&stream)
        }
    }

    /// Moves a transaction's memory to the storage.
    mutating func spill(_ stream: inout StreamedTransaction) throws {
        if !stream.memory.isEmpty {
            let spool = stream.spool ?? makeSpool()
            stream.spool = spool
            try storage.append(stream.memory.span.bytes, to: spool)
            stream.spooled += stream.memory.count
        }
        reserved -= stream.memory.capacity
        stream.memory = []
    }

    private mutating func makeSpool() -> SpoolID {
        lastSpool = SpoolID(lastSpool.value + 1)
        spools.insert(lastSpool)
        return lastSpool
    }
}
