extension PGOutputDecoder {
    func begin(_ cursor: inout MessageCursor, _ bytes: RawSpan) throws(PGOutputError) -> PGOutputMessage.Begin {
        let begin = PGOutputMessage.Begin(
            final: try cursor.knownPlace(bytes), time: try cursor.time(bytes),
            transaction: try cursor.transaction(bytes))
        try cursor.finish(bytes)
        return begin
    }

    func commit(_ cursor: inout MessageCursor, _ bytes: RawSpan) throws(PGOutputError) -> PGOutputMessage.Commit {
        _ = try cursor.flags(known: 0, bytes)
        let commit = PGOutputMessage.Commit(
            commit: try cursor.knownPlace(bytes), end: try cursor.knownPlace(bytes), time: try cursor.time(bytes))
        try cursor.finish(bytes)
        return commit
    }

    func origin(_ cursor: inout MessageCursor, _ bytes: RawSpan) throws(PGOutputError) -> PGOutputMessage.Origin {
        let origin = PGOutputMessage.Origin(commit: try cursor.place(bytes), name: try cursor.text(bytes))
        try cursor.finish(bytes)
        return origin
    }
}

// MARK: Transactions in progress

extension PGOutputDecoder {
    mutating func streamStart(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.StreamStart {
        let transaction = try cursor.transaction(bytes)
        let isFirst = try cursor.flags(known: 1, bytes) != 0
        try cursor.finish(bytes)
        openStream = transaction
        return PGOutputMessage.StreamStart(transaction: transaction, isFirst: isFirst)
    }

    mutating func streamStop(_ cursor: inout MessageCursor, _ bytes: RawSpan) throws(PGOutputError) {
        try cursor.finish(bytes)
        openStream = nil
    }

    func streamCommit(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.StreamCommit {
        let transaction = try cursor.transaction(bytes)
        _ = try cursor.flags(known: 0, bytes)
        let commit = PGOutputMessage.StreamCommit(
            transaction: transaction, commit: try cursor.knownPlace(bytes), end: try cursor.knownPlace(bytes),
            time: try cursor.time(bytes))
        try cursor.finish(bytes)
        return commit
    }

    /// Place and time follow where `streaming` is `parallel`. The message does not say whether it is; its length does.
    func streamAbort(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.StreamAbort {
        let transaction = try cursor.transaction(bytes)
        let aborted = try cursor.transaction(bytes)
        var details: PGOutputMessage.StreamAbort.Details?
        if version >= .four, cursor.offset < bytes.byteCount {
            details = PGOutputMessage.StreamAbort.Details(place: try cursor.place(bytes), time: try cursor.time(bytes))
        }
        try cursor.finish(bytes)
        return PGOutputMessage.StreamAbort(transaction: transaction, aborted: aborted, details: details)
    }
}

// MARK: Two-phase commit

extension PGOutputDecoder {
    /// Begin Prepare, Prepare and Stream Prepare.
    func prepared(
        hasFlags: Bool, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.Prepared {
        if hasFlags { _ = try cursor.flags(known: 0, bytes) }
        let prepared = PGOutputMessage.Prepared(
            prepare: try cursor.knownPlace(bytes), end: try cursor.knownPlace(bytes), time: try cursor.time(bytes),
            transaction: try cursor.transaction(bytes), name: try cursor.text(bytes))
        try cursor.finish(bytes)
        return prepared
    }

    func commitPrepared(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.CommitPrepared {
        _ = try cursor.flags(known: 0, bytes)
        let commit = PGOutputMessage.CommitPrepared(
            commit: try cursor.knownPlace(bytes), end: try cursor.knownPlace(bytes), time: try cursor.time(bytes),
            transaction: try cursor.transaction(bytes), name: try cursor.text(bytes))
        try cursor.finish(bytes)
        return commit
    }

    func rollbackPrepared(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.RollbackPrepared {
        _ = try cursor.flags(known: 0, bytes)
        let rollback = PGOutputMessage.RollbackPrepared(
            prepareEnd: try cursor.knownPlace(bytes), rollbackEnd: try cursor.knownPlace(bytes),
            prepareTime: try cursor.time(bytes), rollbackTime: try cursor.time(bytes),
            transaction: try cursor.transaction(bytes), name: try cursor.text(bytes))
        try cursor.finish(bytes)
        return rollback
    }
}
