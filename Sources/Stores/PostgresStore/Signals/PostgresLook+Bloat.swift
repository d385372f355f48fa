#if Postgres
    import FleetCore
    import Stores
    import Synchronization

    /// How much of a table is room that rows have left: estimated from statistics, without reading the table.
    ///
    /// The estimate is the one that monitors of PostgreSQL share
    /// (https://github.com/ioguix/pgsql-bloat-estimation/blob/master/table/table_bloat.sql): how many pages the rows would
    /// fill, by their number and the average width of their columns, against the pages that there are. It is as old as
    /// the last `ANALYZE`.
    extension PostgresLook {
        /// So many tables are told of, the largest.
        private static let tableLimit = 10
        /// Smaller ones are not worth a look.
        private static let smallestPages = 1024
        /// Tables change slowly.
        private static let bloatInterval = Duration.seconds(60)

        func bloat() throws -> [Reading] {
            if let known = memory.state.withLock({ $0.bloat }), ContinuousClock.now - known.read < Self.bloatInterval {
                return known.told
            }
            let told = try readBloat()
            memory.state.withLock { $0.bloat = (.now, told) }
            return told
        }

        private func readBloat() throws -> [Reading] {
            let rows = try transaction.rows(
                """
                WITH biggest AS MATERIALIZED (
                    SELECT c.oid, c.relname, c.reltuples, c.relpages, c.reltoastrelid, n.nspname,
                        coalesce(substring(array_to_string(c.reloptions, ' ') FROM 'fillfactor=([0-9]+)')::float8, 100)
                            AS fillfactor
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'm') AND c.relpages >= \(Self.smallestPages)
                        AND c.reltuples >= 0
                    ORDER BY c.relpages DESC LIMIT \(Self.tableLimit)
                ), widths AS (
                    SELECT b.oid, b.relname, b.reltuples, b.relpages, b.fillfactor,
                        coalesce(t.relpages, 0) AS toast_pages, coalesce(t.reltuples, 0) AS toast_tuples,
                        current_setting('block_size')::float8 AS block, 24 AS page_header,
                        8 AS alignment,
                        23 + CASE WHEN max(coalesce(s.null_frac, 0)) > 0 THEN (7 + count(s.attname)) / 8 ELSE 0 END AS header,
                        sum((1 - coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 0))::float8 AS width,
                        bool_or(a.atttypid = 'pg_catalog.name'::regtype) OR count(*) <> count(s.attname) AS is_unknown
                    FROM biggest b
                    JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped
                    LEFT JOIN pg_stats s ON s.schemaname = b.nspname AND s.tablename = b.relname AND NOT s.inherited
                        AND s.attname = a.attname
                    LEFT JOIN pg_class t ON t.oid = b.reltoastrelid
                    GROUP BY 1, 2, 3, 4, 5, 6, 7
                ), tuples AS (
                    SELECT *, 4 + header + width + 2 * alignment
                        - CASE WHEN header % alignment = 0 THEN alignment ELSE header % alignment END
                        - CASE WHEN ceil(width)::int8 % alignment = 0 THEN alignment ELSE ceil(width)::int8 % alignment END
                        AS size
                    FROM widths WHERE NOT is_unknown
                )
                SELECT relname::text, block * (relpages + toast_pages), block * greatest(0, relpages + toast_pages
                    - ceil(reltuples / greatest(1, (block - page_header) * fillfactor / (size * 100)))
                    - ceil(toast_tuples / 4))
                FROM tuples ORDER BY 2 DESC
                """)
            return rows.flatMap { row -> [Reading] in
                let name = [row[0].text ?? ""]
                return [(PostgresMetrics.tableSize, name, row[1]), (PostgresMetrics.tableBloat, name, row[2])]
            }
        }
    }
#endif
