#if Postgres
    import FleetCore
    import Outbox
    import PGOutput
    import PostgresConnection

    /// Makes events of what logical replication tells of an outbox: rows of its table, or logical messages.
    struct LogEventReader {
        let source: String

        /// Where the columns of an event are, in the table's description of this version.
        private struct Layout {
            var version: UInt64 = 0
            var id = -1
            var type = -1
            var key = -1
            var aggregateType = -1
            var payload = -1
            var payloadIsBytes = false
            var time = -1
            var traceParent = -1
            var headers = -1

            init() {}

            init(_ relation: Relation) {
                version = relation.version
                for (index, column) in relation.columns.enumerated() {
                    switch column.name {
                    case "id": id = index
                    case "type": type = index
                    case "aggregateid": key = index
                    case "aggregatetype": aggregateType = index
                    case "payload":
                        payload = index
                        payloadIsBytes = column.type.value == PostgresType.bytea
                    case "time": time = index
                    case "traceparent": traceParent = index
                    case "headers": headers = index
                    default: break
                    }
                }
            }
        }

        private var layout = Layout()
        /// Texts that most rows share with the row before them.
        private var lastType = ""
        private var lastAggregateType = ""

        init(source: String) { self.source = source }

        /// Finds the columns of a row of the table.
        mutating func row(
            _ columns: [ColumnValue], of relation: Relation, in bytes: UnsafeRawBufferPointer
        ) -> LogRow {
            if layout.version != relation.version { layout = Layout(relation) }
            func part(_ index: Int) -> UnsafeRawBufferPointer? {
                guard index >= 0, index < columns.count else { return nil }
                let value = columns[index]
                return value.kind == .text ? UnsafeRawBufferPointer(rebasing: bytes[value.bytes.range]) : nil
            }
            return LogRow(
                id: part(layout.id), type: part(layout.type), key: part(layout.key),
                aggregateType: part(layout.aggregateType), payload: part(layout.payload), time: part(layout.time),
                traceParent: part(layout.traceParent), headers: part(layout.headers),
                payloadIsBytes: layout.payloadIsBytes)
        }

        /// A row of the table.
        mutating func take(
            _ row: LogRow, at position: OutboxPosition, committedAt: Timestamp, into rows: inout CapturedRows
        ) {
            func text(_ part: UnsafeRawBufferPointer?) -> String? { part.map { String(decoding: $0, as: UTF8.self) } }
            let written = row.payload.map { bytes in
                row.payloadIsBytes ? PostgresBytes.decoded(bytes.bindMemory(to: UInt8.self)) : Array(bytes)
            }
            let contentType = written == nil ? Event.noContentType : Event.usualContentType
            let payload = written ?? []
            func malformed(_ key: String?, _ reason: String) {
                let event = Event(
                    id: EventID(high: 0, low: 0), source: source, type: text(row.type) ?? "", key: key ?? "",
                    aggregateType: text(row.aggregateType) ?? "",
                    time: text(row.time).flatMap(PostgresTime.timestamp) ?? committedAt,
                    traceParent: text(row.traceParent), headers: text(row.headers), contentType: contentType,
                    payload: payload)
                rows.append(
                    .init(
                        at: position, key: key ?? "", reason: reason,
                        remains: .init(id: text(row.id) ?? "", event: event)))
            }
            guard let key = text(row.key) else { return malformed(nil, "its aggregateid is null") }
            guard let type = row.type else { return malformed(key, "its type is null") }
            guard let id = row.id.flatMap({ EventID(hexadecimal: $0.bindMemory(to: UInt8.self)) }) else {
                return malformed(key, "its id \"\(text(row.id)?.prefix(64) ?? "null")\" is not a UUID")
            }
            Self.share(type, &lastType)
            if let aggregateType = row.aggregateType {
                Self.share(aggregateType, &lastAggregateType)
            } else {
                lastAggregateType = ""
            }
            rows.append(
                Event(
                    id: id, source: source, type: lastType, key: key, aggregateType: lastAggregateType,
                    time: text(row.time).flatMap(PostgresTime.timestamp) ?? committedAt,
                    traceParent: text(row.traceParent), headers: text(row.headers), contentType: contentType,
                    payload: payload),
                at: position)
        }

        private static func share(_ bytes: UnsafeRawBufferPointer, _ last: inout String) {
            let isSame = last.withUTF8 { $0.count == bytes.count && $0.elementsEqual(bytes) }
            if !isSame { last = String(decoding: bytes, as: UTF8.self) }
        }

        // MARK: Messages

        /// The prefix of messages that are events.
        static let prefix = "flotilla"

        private static let fields = JSONFields(
            ["id", "aggregatetype", "aggregateid", "type", "payload", "time", "traceparent", "headers"].map {
                JSONFieldPath([$0])
            }, keepsNumbers: true)

        /// The content of a message: a JSON object with the columns of an outbox table.
        func take(
            message content: UnsafeRawBufferPointer, isTransactional: Bool, at position: OutboxPosition,
            committedAt: Timestamp, into rows: inout CapturedRows
        ) {
            func malformed(_ key: String, _ reason: String, id: String = "") {
                let event = Event(
                    id: EventID(high: 0, low: 0), source: source, type: "", key: key, aggregateType: "",
                    time: committedAt, payload: Array(content))
                rows.append(.init(at: position, key: key, reason: reason, remains: .init(id: id, event: event)))
            }
            let found: [JSONValue?]
            do {
                found = try Self.fields.extract(from: Array(content))
            } catch {
                return malformed("", "the message is not a JSON object: \(error)")
            }
            guard let key = found[2].flatMap(Self.text) else { return malformed("", "the message has no aggregateid") }
            guard isTransactional else {
                return malformed(
                    key, "the message is not part of a transaction; write pg_logical_emit_message(true, …)")
            }
            guard let type = found[3].flatMap(Self.text) else { return malformed(key, "the message has no type") }
            let writtenID = found[0].flatMap(Self.text)
            guard let id = writtenID.flatMap({ EventID($0) }) else {
                return malformed(key, "the message's id is missing, or not a UUID", id: writtenID ?? "")
            }
            let payload = found[4].flatMap(Self.payload)
            rows.append(
                Event(
                    id: id, source: source, type: type, key: key,
                    aggregateType: found[1].flatMap(Self.text) ?? "",
                    time: found[5].flatMap(Self.text).flatMap(PostgresTime.timestamp) ?? committedAt,
                    traceParent: found[6].flatMap(Self.text), headers: found[7].flatMap(Self.text),
                    contentType: payload == nil ? Event.noContentType : Event.usualContentType,
                    payload: payload ?? []),
                at: position)
        }

        private static func text(_ value: JSONValue) -> String? {
            switch value {
            case .text(let text), .json(let text): text
            case .integer(let number): String(number)
            case .real, .boolean, .null: nil
            }
        }

        /// The payload as JSON; a text stands for itself, and `null` for none.
        private static func payload(_ value: JSONValue) -> [UInt8]? {
            switch value {
            case .null: nil
            case .boolean(let value): Array((value ? "true" : "false").utf8)
            case .integer(let value): Array(String(value).utf8)
            case .real(let value): Array("\(value)".utf8)
            case .text(let value), .json(let value): Array(value.utf8)
            }
        }
    }
#endif
