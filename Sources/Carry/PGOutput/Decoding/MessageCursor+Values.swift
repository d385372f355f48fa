import FleetCore

extension MessageCursor {
    mutating func place(_ bytes: RawSpan) throws(PGOutputError) -> LogSequenceNumber {
        LogSequenceNumber(UInt64(bitPattern: try int64(bytes)))
    }

    /// A place that must be one: the server writes 0 for none.
    mutating func knownPlace(_ bytes: RawSpan) throws(PGOutputError) -> LogSequenceNumber {
        let place = try place(bytes)
        guard place != .none else { throw error(.zero, at: offset - 8) }
        return place
    }

    mutating func time(_ bytes: RawSpan) throws(PGOutputError) -> Timestamp {
        Timestamp(postgresMicroseconds: try int64(bytes))
    }

    /// A transaction that must be one: the server writes 0 for none.
    mutating func transaction(_ bytes: RawSpan) throws(PGOutputError) -> TransactionID {
        let id = UInt32(bitPattern: try int32(bytes))
        guard id != 0 else { throw error(.zero, at: offset - 4) }
        return TransactionID(id)
    }

    /// A byte of flags. One that is not known could change what the message means, so it is not passed over.
    mutating func flags(known: UInt8, _ bytes: RawSpan) throws(PGOutputError) -> UInt8 {
        let flags = try byte(bytes)
        guard flags & ~known == 0 else { throw error(.unknownFlags(flags), at: offset - 1) }
        return flags
    }
}
