#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// What a schema's outbox table looks like.
    struct PostgresOutboxTable {
        let table: TableName
        /// Name and type (its number in `pg_type`) of each column.
        let columns: [String: UInt32]
        let oid: Int64
        /// Whether writers notify of new rows.
        let notifies: Bool

        /// The columns that there must be: those of Debezium's outbox event router.
        static let required = ["id", "aggregatetype", "aggregateid", "type", "payload"]
        /// Orders the rows, for `poll`. Its default gives a transaction its number before it gives a row its own, so that
        /// a row's number is never lower than one that was seen unless its transaction was under way then.
        static let sequence = "flotilla_sequence"
        /// When a row was published, where it is kept.
        static let publishedAt = "flotilla_published_at"

        /// The name, quoted for SQL, with its schema where it has one.
        var quoted: String { Self.quoted(table) }

        static func quoted(_ table: TableName) -> String {
            table.text.split(separator: ".").map { PostgresAddress.quoted(String($0)) }.joined(separator: ".")
        }

        /// The table's own name, without its schema.
        private static func name(_ table: TableName) -> String {
            String(table.text.split(separator: ".").last ?? "")
        }

        // MARK: Making

        static func creation(_ needs: OutboxNeeds) -> String {
            """
            CREATE TABLE \(quoted(needs.table)) (
                id uuid NOT NULL,
                aggregatetype varchar(255) NOT NULL,
                aggregateid varchar(255) NOT NULL,
                type varchar(255) NOT NULL,
                payload json,
                time timestamptz DEFAULT clock_timestamp(),
                traceparent text,
                headers json\(needs.capture == .log ? ",\n    PRIMARY KEY (id)" : "")
            )
            """
        }

        /// Adds what orders the rows.
        static func sequenceAddition(_ table: TableName) -> String {
            let name = "\(String(name(table).prefix(40)))_\(sequence)"
            let schema = table.text.contains(".") ? quoted(table).prefix { $0 != "." } + "." : ""
            let quotedSequence = schema + PostgresAddress.quoted(name)
            let literal = quotedSequence.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            return """
                CREATE SEQUENCE \(quotedSequence);
                GRANT USAGE ON SEQUENCE \(quotedSequence) TO PUBLIC;
                ALTER TABLE \(quoted(table)) ADD COLUMN \(sequence) bigint NOT NULL
                    DEFAULT \(numbering(by: literal));
                ALTER SEQUENCE \(quotedSequence) OWNED BY \(quoted(table)).\(sequence);
                CREATE UNIQUE INDEX ON \(quoted(table)) (\(sequence))
                """
        }

        /// - Parameter sequence: its name, as it stands in a literal.
        private static func numbering(by sequence: String) -> String {
            "(CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('\(sequence)') END)"
        }

        static func keepAddition(_ needs: OutboxNeeds) -> String {
            let table = needs.table
            let unpublished = "CREATE INDEX ON \(quoted(table)) (\(sequence)) WHERE \(publishedAt) IS NULL;\n"
            return """
                ALTER TABLE \(quoted(table)) ADD COLUMN \(publishedAt) timestamptz;
                \(needs.capture == .poll ? unpublished : "")
                CREATE INDEX ON \(quoted(table)) (\(publishedAt)) WHERE \(publishedAt) IS NOT NULL
                """
        }

        /// Lets writers wake whoever captures. https://www.postgresql.org/docs/current/sql-notify.html
        static func notificationAddition(_ table: TableName) -> String {
            """
            CREATE OR REPLACE FUNCTION flotilla_notify() RETURNS trigger LANGUAGE plpgsql AS
                $body$ BEGIN PERFORM pg_notify('flotilla_' || TG_RELID, ''); RETURN NULL; END $body$;
            CREATE TRIGGER flotilla_notify AFTER INSERT ON \(quoted(table))
                FOR EACH STATEMENT EXECUTE FUNCTION flotilla_notify()
            """
        }

        /// What those listen to who capture it.
        var channel: String { "flotilla_\(oid)" }

        // MARK: Looking

        /// Reads the table's shape; `nil` where there is no such table.
        /// - Throws: `invalidInput` where it cannot serve as an outbox, with every reason and the cure.
        init?(_ table: TableName, in session: PostgresSession) throws {
            let found = try session.firstRow(
                "SELECT c.oid, c.relkind::text FROM pg_class c WHERE c.oid = to_regclass($1)",
                [.text(Self.quoted(table))])
            guard let found, let oid = found[0].integer else { return nil }
            self.table = table
            self.oid = oid
            var faults: [String] = []
            let kinds = [
                "v": "a view", "m": "a materialized view", "p": "a partitioned table", "f": "a foreign table",
                "S": "a sequence", "i": "an index", "c": "a type",
            ]
            if let kind = found[1].text, kind != "r" { faults.append("it is \(kinds[kind] ?? kind), not a table") }
            var columns: [String: UInt32] = [:]
            let rows = try session.rows(
                """
                SELECT attname, atttypid, format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped
                """, [.integer(oid)])
            for row in rows {
                let name = row[0].text ?? ""
                let type = UInt32(truncatingIfNeeded: row[1].integer ?? 0)
                columns[name] = type
                if let fault = Self.fault(of: name, type: type, row[2].text ?? "") { faults.append(fault) }
            }
            self.columns = columns
            let absent = Self.required.filter { columns[$0] == nil }
            if !absent.isEmpty {
                faults.append("it lacks \(absent.count == 1 ? "column" : "columns") \(absent.joined(separator: ", "))")
            }
            notifies =
                try session.firstRow(
                    "SELECT 1 FROM pg_trigger WHERE tgrelid = $1::bigint::oid AND tgname = 'flotilla_notify'",
                    [.integer(oid)]) != nil
            guard faults.isEmpty else {
                throw FleetError(
                    .invalidInput,
                    "table \(table) of \(session.name) cannot be an outbox: \(faults.joined(separator: "; "))",
                    remedy:
                        "an outbox has id (uuid), aggregatetype, aggregateid and type (varchar), and payload (json, jsonb,"
                        + " text or bytea); and, if you like, time, traceparent and headers")
            }
        }

        private static let texts: Set<UInt32> = [PostgresType.text, PostgresType.varchar, 1042, 19]

        private static func fault(of column: String, type: UInt32, _ shown: String) -> String? {
            let allowed: Set<UInt32>
            switch column {
            case "id": allowed = texts.union([PostgresType.uuid])
            case "payload": allowed = texts.union([PostgresType.json, PostgresType.jsonb, PostgresType.bytea])
            case "aggregatetype", "type": allowed = texts
            case "aggregateid":
                allowed = texts.union([PostgresType.uuid, PostgresType.int2, PostgresType.int4, PostgresType.int8])
            case "time":
                allowed = texts.union([
                    PostgresType.timestamp, PostgresType.timestamptz, PostgresType.int8,
                ])
            case "headers": allowed = texts.union([PostgresType.json, PostgresType.jsonb])
            case "traceparent": allowed = texts
            default: return nil
            }
            return allowed.contains(type) ? nil : "column \(column) is \(shown), which cannot hold it"
        }

        /// Holds that the numbers of the rows are what ``sequence`` promises, also where somebody else made the column.
        /// - Throws: `invalidInput`, with the statement that mends it.
        func checkOrder(in session: PostgresSession) throws {
            guard isOrdered else { return }
            try checkSequence(in: session)
            try checkDefault(in: session)
        }

        /// A number that is taken before its transaction has one of its own may appear below those that were seen.
        private func checkDefault(in session: PostgresSession) throws {
            let row = try session.firstRow(
                """
                SELECT pg_get_expr(d.adbin, d.adrelid),
                    coalesce(pg_get_serial_sequence($2, $3), '…') FROM pg_attrdef d
                JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                WHERE d.adrelid = $1::bigint::oid AND a.attname = $3
                """, [.integer(oid), .text(quoted), .text(Self.sequence)])
            if let expression = row?[0].text, expression.contains("pg_current_xact_id()") { return }
            let literal = (row?[1].text ?? "…").split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "''")
            throw FleetError(
                .invalidInput,
                "column \(Self.sequence) of \(table) of \(session.name) does not number rows so that none is missed"
                    + (row == nil ? ": it has no default" : ""),
                remedy: "run ALTER TABLE \(quoted) ALTER COLUMN \(Self.sequence) SET DEFAULT "
                    + Self.numbering(by: literal))
        }

        private func checkSequence(in session: PostgresSession) throws {
            let row = try session.firstRow(
                """
                SELECT seqrelid::regclass::text, seqcache, seqincrement, seqcycle FROM pg_sequence
                WHERE seqrelid = pg_get_serial_sequence($1, $2)::regclass
                """, [.text(quoted), .text(Self.sequence)])
            guard let row, let name = row[0].text else { return }
            var faults: [(String, String)] = []
            if let cache = row[1].integer, cache > 1 {
                faults.append(("each connection takes \(cache) numbers in advance", "CACHE 1"))
            }
            if let increment = row[2].integer, increment < 1 { faults.append(("its numbers fall", "INCREMENT 1")) }
            if row[3] == .boolean(true) { faults.append(("it begins anew at its end", "NO CYCLE")) }
            guard !faults.isEmpty else { return }
            throw FleetError(
                .invalidInput,
                "sequence \(name) does not give the rows of \(table) of \(session.name) the order in which they are written: "
                    + faults.map(\.0).joined(separator: "; "),
                remedy:
                    "run ALTER SEQUENCE \(name) \(faults.map(\.1).joined(separator: " ")), and then end the connections"
                    + " of the table's writers, which keep the numbers that they have")
        }

        var isOrdered: Bool { columns[Self.sequence] != nil }
        var keepsRows: Bool { columns[Self.publishedAt] != nil }
    }
#endif
