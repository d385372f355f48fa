#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection
    import Stores

    /// Reads rows of an outbox table.
    struct PostgresOutboxQuery {
        private let selection: String
        private let sequence = PostgresOutboxTable.sequence
        private let table: PostgresOutboxTable
        private let unpublished: String

        /// A payload is not read that takes more than this many times the largest event. As `jsonb` one may take four times
        /// what its text does; and a compressed one takes less, and is read.
        private static let excessFactor = 4
        private static let leastExcess = ByteCount.mebibytes(16)

        init(table: PostgresOutboxTable, maximumEvent: ByteCount = .mebibytes(1)) {
            self.table = table
            let excess = max(min(maximumEvent, .gibibytes(1024)).value * Self.excessFactor, Self.leastExcess.value)
            let columns = PostgresEventReader.columns.map { column in
                guard table.columns[column] != nil else { return "NULL" }
                return column == "payload"
                    ? "CASE WHEN pg_column_size(payload) <= \(excess) THEN payload END AS payload" : column
            }
            unpublished = table.keepsRows ? " AND \(PostgresOutboxTable.publishedAt) IS NULL" : ""
            selection = """
                SELECT \(sequence), \(columns.joined(separator: ", ")),
                    CASE WHEN pg_column_size(payload) > \(excess) THEN pg_column_size(payload) END AS excess
                FROM \(table.quoted)
                """
        }

        /// Lends at most `limit` rows, one by one, while `body` wants more.
        func run(
            floor: Int64, highest: Int64, captured: Set<Int64>, limit: Int, in session: PostgresSession,
            _ body: (PostgresResult) throws -> Bool
        ) throws {
            if floor >= highest {
                let statement = try session.statement(
                    "\(selection) WHERE \(sequence) > $1\(unpublished) ORDER BY \(sequence) LIMIT $2")
                return try session.forEachRow(
                    of: statement, [.integer(floor), .integer(Int64(limit))], body)
            }
            // One statement sees one state: a row among those of a lower number is not missed while a higher one is taken.
            let known = "{" + captured.map(String.init).joined(separator: ",") + "}"
            let statement = try session.statement(
                """
                SELECT * FROM (
                    (\(selection) WHERE \(sequence) > $1 AND \(sequence) <= $2\(unpublished)
                        AND NOT EXISTS (SELECT FROM unnest($3::bigint[]) AS known WHERE known = \(sequence))
                        ORDER BY \(sequence) LIMIT $4)
                    UNION ALL
                    (\(selection) WHERE \(sequence) > $2\(unpublished) ORDER BY \(sequence) LIMIT $4)
                ) AS rows ORDER BY \(sequence) LIMIT $4
                """)
            try session.forEachRow(
                of: statement, [.integer(floor), .integer(highest), .text(known), .integer(Int64(limit))], body)
        }

        /// What waits in the table: at most ``PendingRows/countLimit`` rows are counted.
        func pending(in session: PostgresSession) throws -> PendingRows {
            let time = table.columns["time"] == nil ? "NULL" : "time::text"
            let rows = "FROM \(table.quoted) WHERE true\(unpublished)"
            return try table.isOrdered ? numbered(rows, time, in: session) : unnumbered(rows, time, in: session)
        }

        private func numbered(_ rows: String, _ time: String, in session: PostgresSession) throws -> PendingRows {
            let row = try session.firstRow(
                """
                SELECT (SELECT \(time) \(rows) ORDER BY \(sequence) LIMIT 1), count(*), min(number), max(number),
                    (SELECT max(\(sequence)) \(rows))
                FROM (SELECT \(sequence) AS number \(rows) ORDER BY \(sequence) LIMIT \(PendingRows.countLimit)) AS first
                """)
            let counted = Int(row?[1].integer ?? 0)
            guard let low = row?[2].integer, let high = row?[3].integer, let highest = row?[4].integer else {
                return PendingRows(count: counted, oldest: nil)
            }
            return PendingRows(
                count: PendingRows.reckoned(counted: counted, numbers: low...high, highest: highest),
                oldest: row?[0].text.flatMap(PostgresTime.timestamp))
        }

        /// Rows that are captured from the log have no numbers: how many there are beyond those that are counted is known from the
        /// server's statistics, and of those that are counted, which need not be the first, the oldest is told.
        private func unnumbered(_ rows: String, _ time: String, in session: PostgresSession) throws -> PendingRows {
            let row = try session.firstRow(
                """
                SELECT min(time), count(*),
                    (SELECT n_live_tup FROM pg_stat_user_tables WHERE relid = to_regclass($1))
                FROM (SELECT \(time) AS time \(rows) LIMIT \(PendingRows.countLimit)) AS first
                """, [.text(table.quoted)])
            let counted = Int(row?[1].integer ?? 0)
            let known = counted < PendingRows.countLimit ? nil : row?[2].integer.map(Int.init)
            return PendingRows(
                count: max(counted, known ?? 0), oldest: row?[0].text.flatMap(PostgresTime.timestamp))
        }
    }
#endif
