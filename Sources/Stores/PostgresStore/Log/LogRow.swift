#if Postgres
    import FleetCore
    import PGOutput

    /// The columns of an outbox row that make an event, as the server writes them in text, wherever they are in memory; `nil`
    /// for NULL, and for columns that the table does not have.
    struct LogRow {
        var id: UnsafeRawBufferPointer?
        var type: UnsafeRawBufferPointer?
        var key: UnsafeRawBufferPointer?
        var aggregateType: UnsafeRawBufferPointer?
        var payload: UnsafeRawBufferPointer?
        var time: UnsafeRawBufferPointer?
        var traceParent: UnsafeRawBufferPointer?
        var headers: UnsafeRawBufferPointer?
        /// Whether ``payload`` is written as a `bytea`.
        var payloadIsBytes: Bool
    }

    /// What is kept of a change whose transaction is still in progress: a row, or the content of a message.
    enum KeptChange {
        case row(LogRow)
        case message(UnsafeRawBufferPointer)

        /// The first byte of what is kept.
        private enum Kind: UInt8 {
            case row, rowOfBytes, message
        }

        func write(to record: inout RecordWriter) {
            switch self {
            case .message(let content):
                record.append(Kind.message.rawValue)
                record.append(content.bytes)
            case .row(let row):
                record.append((row.payloadIsBytes ? Kind.rowOfBytes : .row).rawValue)
                for part in [
                    row.id, row.type, row.key, row.aggregateType, row.payload, row.time, row.traceParent, row.headers,
                ] {
                    record.append(bigEndian: Int32(part?.count ?? -1))
                    if let part { record.append(part.bytes) }
                }
            }
        }

        /// - Throws: `corrupt` where the bytes are not what ``write(to:)`` wrote.
        init(reading bytes: UnsafeRawBufferPointer) throws {
            guard let kind = bytes.first.flatMap(Kind.init) else { throw Self.damaged }
            var rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
            if kind == .message {
                self = .message(rest)
                return
            }
            func part() throws -> UnsafeRawBufferPointer? {
                guard rest.count >= 4 else { throw Self.damaged }
                let count = Int(Int32(bigEndian: rest.loadUnaligned(as: Int32.self)))
                guard count <= rest.count - 4 else { throw Self.damaged }
                defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(4 + max(0, count))) }
                return count < 0 ? nil : UnsafeRawBufferPointer(rebasing: rest[4..<4 + count])
            }
            self = .row(
                LogRow(
                    id: try part(), type: try part(), key: try part(), aggregateType: try part(), payload: try part(),
                    time: try part(), traceParent: try part(), headers: try part(),
                    payloadIsBytes: kind == .rowOfBytes))
        }

        private static var damaged: FleetError {
            FleetError(
                .corrupt, "the spool does not give back what was kept of a transaction in progress",
                remedy: "look after the disk of the state directory; the server sends the transaction again",
                isRetriable: true)
        }
    }
#endif
