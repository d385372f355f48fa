public import Stores

extension SQLiteStore: SchemaSource {
    /// Whether it has changed is a number of the file's first page.
    public static var schemaInterval: Duration { .zero }

    public func schema(since mark: String?) async throws -> (schema: StoreSchema, mark: String)? {
        try checkFileIsInPlace()
        return try await read { transaction in
            let version = try transaction.firstRow("PRAGMA schema_version")?[0].integer ?? 0
            if mark == "\(version)" { return nil }
            return (try Self.schema(in: transaction), "\(version)")
        }
    }

    /// Virtual tables are left out: to look at one takes the module that it was made with.
    private static func schema(in transaction: any StoreTransaction) throws -> StoreSchema {
        let tables = try transaction.rows(
            """
            SELECT name FROM main.sqlite_master
            WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                AND name NOT LIKE 'flotilla\\_%' ESCAPE '\\'
            ORDER BY name LIMIT \(StoreSchema.columnLimit + 1)
            """
        ).compactMap { $0[0].text }
        let longest = StoreSchema.longestName
        let columns = try transaction.prepare(
            """
            SELECT substr(name, 1, \(longest)), lower(substr(type, 1, \(longest)))
                || CASE WHEN "notnull" THEN ' not null' ELSE '' END
            FROM pragma_table_xinfo($1, 'main') ORDER BY cid LIMIT \(StoreSchema.columnLimit + 1)
            """)
        var reading = StoreSchema.Reading()
        for table in tables {
            var goesOn = true
            let shown = String(table.prefix(longest))
            try columns.forEachRow([.text(table)]) { row in
                guard goesOn else { return }
                goesOn = reading.add(shown, StoreSchema.Column(name: row[0].text ?? "", type: row[1].text ?? ""))
            }
            if !goesOn { break }
        }
        return reading.schema
    }
}
