#if Postgres
    import FleetCore
    public import Stores

    extension PostgresStore: SchemaSource {
        /// Nothing but a look at the catalog says whether it has changed.
        public static var schemaInterval: Duration { .seconds(60) }

        /// One query of the catalog, which every role may read. Where nothing has changed, one short row is the answer.
        public func schema(since mark: String?) async throws -> (schema: StoreSchema, mark: String)? {
            try await read { transaction in
                let rows = try transaction.rows(Self.schemaQuery, [mark.map { .text($0) } ?? .null])
                guard let now = rows.first?[0].text else { throw FleetError(.bug, "the catalog gives no row") }
                if now == mark { return nil }
                var reading = StoreSchema.Reading()
                for row in rows {
                    guard let table = row[1].text else { continue }
                    let column = row[2].text.map { StoreSchema.Column(name: $0, type: row[3].text ?? "") }
                    if !reading.add(table, column) { break }
                }
                return (reading.schema, now)
            }
        }

        /// Partitions are left out: they come and go with the calendar.
        private static let schemaQuery = """
            WITH tables AS MATERIALIZED (
                SELECT c.oid, c.relname::text COLLATE "C" AS table_name
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                    AND left(c.relname::text, 9) <> 'flotilla_'
                ORDER BY 2 LIMIT \(StoreSchema.columnLimit + 1)
            ), columns AS MATERIALIZED (
                SELECT t.table_name, a.attnum, a.attname::text AS column_name,
                    left(format_type(a.atttypid, a.atttypmod), \(StoreSchema.longestName))
                        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END AS type
                FROM tables t
                LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                ORDER BY 1, 2 LIMIT \(StoreSchema.columnLimit + 1)
            ), mark AS (
                SELECT hashtextextended(coalesce(string_agg(
                    format('%I.%I %s', table_name, coalesce(column_name, ''), type), E'\\n' ORDER BY table_name, attnum), ''), 0)::text
                    AS mark
                FROM columns
            )
            SELECT m.mark, c.table_name, c.column_name, c.type
            FROM mark m LEFT JOIN columns c ON m.mark IS DISTINCT FROM $1::text
            ORDER BY c.table_name, c.attnum
            """
    }
#endif
