#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection

    /// Makes events of outbox rows, whose columns are in a fixed order, as the server writes them in text.
    struct PostgresEventReader {
        let source: String
        private let payloadIsBytes: Bool

        /// In the order in which ``take(_:row:into:)`` expects them, after the position.
        static let columns = [
            "id", "type", "aggregateid", "aggregatetype", "payload", "time", "traceparent", "headers",
        ]

        init(payloadIsBytes: Bool, source: String) {
            self.source = source
            self.payloadIsBytes = payloadIsBytes
        }

        init(table: PostgresOutboxTable, source: String) {
            self.init(payloadIsBytes: table.columns["payload"] == PostgresType.bytea, source: source)
        }

        /// What a row takes in memory, about.
        func size(_ result: PostgresResult, row: Int) -> Int {
            result.size(row) - (payloadIsBytes ? result.length(row, 5) / 2 : 0)
        }

        /// Texts that most rows share with the row before them.
        private var type = ""
        private var aggregateType = ""

        mutating func take(
            _ result: PostgresResult, row: Int, at position: OutboxPosition, into rows: inout CapturedRows,
            capturedAt: Timestamp
        ) {
            func text(_ column: Int) -> String? { result.isNull(row, column) ? nil : result.text(row, column) }
            let payload = result.withBytes(row, 5) { payloadIsBytes ? PostgresBytes.decoded($0) : Array($0) }
            let contentType = result.isNull(row, 5) ? Event.noContentType : Event.usualContentType
            func malformed(_ key: String?, _ reason: String) {
                let event = Event(
                    id: EventID(high: 0, low: 0), source: source, type: text(2) ?? "", key: key ?? "",
                    aggregateType: text(4) ?? "", time: text(6).flatMap(PostgresTime.timestamp) ?? capturedAt,
                    traceParent: text(7), headers: text(8), contentType: contentType, payload: payload)
                rows.append(
                    .init(at: position, key: key ?? "", reason: reason, remains: .init(id: text(1) ?? "", event: event))
                )
            }
            guard let key = text(3) else { return malformed(nil, "its aggregateid is null") }
            // One more column: the size of a payload that is too large to be read.
            if result.columnCount > Self.columns.count + 1, let excess = text(9).flatMap({ Int($0) }) {
                return malformed(
                    key,
                    "its payload takes \(ByteCount(excess)), which is far above the limit; raise outbox.max_event, or discard it"
                )
            }
            guard !result.isNull(row, 2) else { return malformed(key, "its type is null") }
            guard let id = result.withBytes(row, 1, { EventID(hexadecimal: $0) }) else {
                return malformed(key, "its id \"\(text(1)?.prefix(64) ?? "null")\" is not a UUID")
            }
            Self.share(result, row, 2, &type)
            Self.share(result, row, 4, &aggregateType)
            rows.append(
                Event(
                    id: id, source: source, type: type, key: key, aggregateType: aggregateType,
                    time: text(6).flatMap(PostgresTime.timestamp) ?? capturedAt, traceParent: text(7),
                    headers: text(8), contentType: contentType, payload: payload),
                at: position)
        }

        private static func share(_ result: PostgresResult, _ row: Int, _ column: Int, _ last: inout String) {
            let isSame = result.withBytes(row, column) { bytes in
                last.utf8.count == bytes.count && last.utf8.elementsEqual(bytes)
            }
            if !isSame { last = result.text(row, column) }
        }
    }

    /// Reads the optional column `time` of an outbox in PostgreSQL: as elsewhere, or a timestamp as the server writes it with
    /// `DateStyle = ISO` and `TimeZone = UTC`: `2026-11-21 04:20:48.123456+00`.
    enum PostgresTime {
        static func timestamp(_ text: String) -> Timestamp? {
            if let time = OutboxTime.timestamp(text) { return time }
            var iso = text
            if let space = iso.firstIndex(of: " ") { iso.replaceSubrange(space...space, with: "T") }
            if iso.hasSuffix("+00") { iso.removeLast(3) }
            return Timestamp(iso + "Z")
        }
    }
#endif
