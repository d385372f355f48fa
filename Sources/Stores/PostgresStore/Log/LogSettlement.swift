#if Postgres
    import FleetCore
    import Outbox
    import PGOutput
    import Parking
    import PostgresConnection
    import Stores

    /// Rows that stood in a table that its service empties itself, as a rule.
    struct LogLeftovers: Sendable {
        /// As they are written there.
        var ids: [String]
        /// Whoever wrote them had committed before this place of the log.
        var place: LogSequenceNumber
    }

    /// What is done in the transaction that records.
    struct LogSettlement: Sendable {
        let needs: OutboxNeeds
        let table: PostgresOutboxTable?
        let maximumParked: EventCount
        let now: Timestamp
        let last: CaptureRecord
        let next: CaptureRecord
        let parked: [RowToPark]
        let rows: CapturedRows?
        let backlogRow: Int64?
        let removable: [EventID]
        /// Rows of which nobody knows more than their ids, and that they are carried.
        let leftovers: [String]
        let looksForLeftovers: Bool

        /// How long a row that somebody holds is waited for.
        private static let patience = "20ms"
        /// At most so many rows are looked at as left over.
        private static let leftoversLimit: Int64 = 8_192

        /// What became of rows that were to be removed.
        struct Removal: Sendable {
            var count = 0
            /// Those that another transaction holds.
            var locked: [EventID] = []
            /// What stands in the table, where that was asked for; `nil` where nothing does.
            var leftovers: LogLeftovers?
        }

        func perform(in session: PostgresSession) throws -> Removal {
            try park(in: session)
            if next != last { try next.replace(last, needs.stream, in: session) }
            if let backlogRow {
                let gone = try session.run(
                    "DELETE FROM flotilla_backlog WHERE stream = $1 AND sequence <= $2",
                    [.text(needs.stream.description), .integer(backlogRow)])
                // Another process was here: what it carried and parked must not be parked twice.
                guard gone == rows?.count else {
                    throw FleetError(
                        .conflict, "\(session.name): another process captured from this outbox meanwhile",
                        isRetriable: true)
                }
            }
            // What is parked leaves the table, as far as it can be told there.
            let misfits = (rows?.malformed ?? []).compactMap(\.remains?.id).filter { !$0.isEmpty } + leftovers
            guard let table else { return Removal() }
            var removal = Removal()
            if !removable.isEmpty || !misfits.isEmpty {
                removal = try remove(removable, misfits, from: table, in: session)
            }
            if looksForLeftovers { removal.leftovers = try self.leftovers(in: table, session) }
            return removal
        }

        /// What stands in the table now. The place is read behind the rows: what is visible to them was committed before.
        private func leftovers(in table: PostgresOutboxTable, _ session: PostgresSession) throws -> LogLeftovers? {
            let unpublished = needs.keep > .zero ? " AND \(PostgresOutboxTable.publishedAt) IS NULL" : ""
            let ids = try session.rows(
                "SELECT id::text FROM \(table.quoted) WHERE id IS NOT NULL\(unpublished) LIMIT \(Self.leftoversLimit)"
            ).compactMap { $0[0].text }
            let place = try session.firstRow("SELECT pg_current_wal_insert_lsn()::text")?[0].text.flatMap {
                LogSequenceNumber($0)
            }
            guard !ids.isEmpty, let place else { return nil }
            return LogLeftovers(ids: ids, place: place)
        }

        private func remove(
            _ removable: [EventID], _ misfits: [String], from table: PostgresOutboxTable, in session: PostgresSession
        ) throws -> Removal {
            let isUUID = table.columns["id"] == PostgresType.uuid
            let all =
                (isUUID ? removable.map(\.description) : removable.flatMap(Self.spellings)) + misfits.map(Self.element)
            let ids = "{" + all.joined(separator: ",") + "}"
            let type = isUUID ? "uuid" : "text"
            let change =
                needs.keep > .zero
                ? "UPDATE \(table.quoted) SET \(PostgresOutboxTable.publishedAt) = clock_timestamp() WHERE"
                : "DELETE FROM \(table.quoted) WHERE"
            let those = "id = ANY ($1::\(type)[])"
            var removal = Removal()
            do {
                try session.query("SET LOCAL lock_timeout = '\(Self.patience)'")
                removal.count = try session.savepoint { try session.run("\(change) \(those)", [.text(ids)]) }
            } catch let error as FleetError where error.code == .busy {
                // A row that somebody holds is left for later: it must not hold up what is recorded. To lock each first
                // costs the server as much again, so that it is not done before it is needed.
                removal.count = try session.run(
                    """
                    \(change) ctid = ANY (ARRAY(
                        SELECT ctid FROM \(table.quoted) WHERE \(those) FOR UPDATE SKIP LOCKED))
                    """, [.text(ids)])
            }
            if removal.count < removable.count {
                let unpublished = needs.keep > .zero ? " AND \(PostgresOutboxTable.publishedAt) IS NULL" : ""
                removal.locked = try session.rows(
                    "SELECT id::text FROM \(table.quoted) WHERE id = ANY ($1::\(type)[])\(unpublished)", [.text(ids)]
                ).compactMap { $0[0].text.flatMap { EventID($0) } }
            }
            return removal
        }

        /// How an id may be written in a column of text.
        private static func spellings(of id: EventID) -> [String] {
            let text = id.description
            let digits = text.replacing("-", with: "")
            return [text, text.uppercased(), digits, digits.uppercased()]
        }

        /// A text as an element of an array.
        private static func element(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }

        private func park(in session: PostgresSession) throws {
            guard !parked.isEmpty, let rows else { return }
            let parking = Parking(place: .outbox, stream: needs.stream)
            try parking.checkRoom(for: parked.count, limit: maximumParked, in: session, at: session.name)
            let events = Dictionary(zip(rows.positions, rows.events)) { first, _ in first }
            let malformed = Dictionary(rows.malformed.map { ($0.position, $0) }) { first, _ in first }
            for row in parked {
                if row.reason == nil, try !parking.isHeld(row.key, in: session) {
                    throw FleetError(
                        .conflict, "key \(row.key) of \(session.name) is no longer held", isRetriable: true)
                }
                var entry: Parking.LogEntry
                if let event = events[row.position] {
                    entry = Parking.LogEntry(position: row.position.value, event: event)
                } else if let remains = malformed[row.position]?.remains {
                    entry = Parking.LogEntry(position: row.position.value, event: remains.event)
                    entry.eventID = remains.id
                } else {
                    throw FleetError(.bug, "\(session.name): a row to park was not captured")
                }
                try parking.park(entry, reason: row.reason, nextAttempt: nil, at: now, in: session)
            }
        }
    }
#endif
