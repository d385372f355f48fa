import FleetCore
import Stores
import TestKit

extension StoreConformance {
    static let schemaChecks: [Check] = [
        Check("a schema is told once, and again when it was changed; rows and indexes change nothing") { suite in
            try await suite.withItems { store in
                let source = try schemaSource(store)
                let first = try await told(source)
                try checkEqual(first.schema.tables.map(\.name), ["items"])
                try checkEqual(first.schema.tables[0].columns.map(\.name), ["id", "name"])
                try checkEqual(first.schema.end, nil)
                try check(try await source.schema(since: first.mark) == nil, "it was told twice")
                try await store.addItem(1, "a")
                try check(try await source.schema(since: first.mark) == nil, "a row changed it")
                try await store.write { try $0.script("CREATE INDEX items_by_name ON items (name)") }
                let indexed = try await source.schema(since: first.mark)
                try checkEqual(indexed?.schema ?? first.schema, first.schema)
                try await store.write { try $0.script("ALTER TABLE items ADD COLUMN note \(suite.features.textType)") }
                let second = try await told(source, since: indexed?.mark ?? first.mark)
                try checkEqual(
                    second.schema.changes(since: first.schema), "table items altered (column note added)")
                try checkEqual(second.schema.changes(since: second.schema), nil)
            }
        },
        Check("what was changed is told in a few words") { suite in
            try await suite.withItems { store in
                let source = try schemaSource(store)
                try await store.write { transaction in
                    for name in ["a", "b", "c", "d"] { try transaction.script("CREATE TABLE old_\(name) (n BIGINT)") }
                    try transaction.script("CREATE TABLE typed (n BIGINT, m BIGINT, o BIGINT)")
                }
                let first = try await told(source).schema
                try await store.write { transaction in
                    for name in ["a", "b", "c", "d"] { try transaction.script("DROP TABLE old_\(name)") }
                    try transaction.script(
                        """
                        CREATE TABLE fresh (n BIGINT); CREATE TABLE flotilla_own (n BIGINT);
                        ALTER TABLE items ADD COLUMN a BIGINT; ALTER TABLE items ADD COLUMN b BIGINT;
                        DROP TABLE typed; CREATE TABLE typed (n VARCHAR(7) NOT NULL, m BIGINT)
                        """)
                }
                let changes = try await told(source).schema.changes(since: first) ?? "nothing"
                let varchar = suite.features.keepsBooleans ? "character varying(7)" : "varchar(7)"
                try checkEqual(
                    changes,
                    "table fresh added; tables old_a, old_b, old_c and 1 more removed; "
                        + "table items altered (columns a, b added); "
                        + "table typed altered (column o removed; column n is \(varchar) not null, was bigint)")
            }
        },
        Check("a name that holds anything is told on one line") { suite in
            try await suite.withStore { store in
                let source = try schemaSource(store)
                let first = try await told(source).schema
                let name = "a\"\"\u{1B}[2J\n\u{202E}b" + String(repeating: "x", count: 40)
                try await store.write { try $0.script("CREATE TABLE \"\(name)\" (\"c\nd\" BIGINT)") }
                let text = try await told(source).schema.changes(since: first) ?? "nothing"
                try check(text.hasPrefix("table a\"\u{FFFD}[2J\u{FFFD}\u{FFFD}bxx") && text.hasSuffix(" added"), text)
            }
        },
        Check("of a schema with more columns than are read, what was read is compared") { suite in
            try await suite.withStore { store in
                let source = try schemaSource(store)
                let columns = (1...70).map { "c\($0) BIGINT" }.joined(separator: ", ")
                try await store.write { transaction in
                    for number in 10..<40 { try transaction.script("CREATE TABLE t\(number) (\(columns))") }
                }
                let first = try await told(source).schema
                try checkEqual(first.tables.map(\.columns.count).reduce(0, +), 1960)
                try checkEqual(first.end, "t38")
                // The last table is beyond; so is the end of what is read when there is one more before it.
                try await store.write { transaction in
                    try transaction.script("DROP TABLE t39; CREATE TABLE t00 (\(columns)); DROP TABLE t20")
                }
                let second = try await told(source).schema
                try checkEqual(second.changes(since: first), "table t00 added; table t20 removed")
                try await store.write { transaction in
                    for number in 10..<20 { try transaction.script("DROP TABLE t\(number)") }
                }
                let third = try await told(source).schema
                try checkEqual(third.end, nil)
                try checkEqual(third.changes(since: second), "tables t10, t11, t12 and 7 more removed")
            }
        },
        Check("what one is known to have changed is not told of the other") { suite in
            try await suite.withItems { store in
                let source = try schemaSource(store)
                let first = try await told(source).schema
                try await store.write { try $0.script("CREATE TABLE by_hand (n BIGINT)") }
                let before = try await told(source).schema
                try await store.write { try $0.script("CREATE TABLE applied (n BIGINT); DROP TABLE items") }
                let after = try await told(source).schema
                let known = first.with(changesFrom: before, to: after)
                try checkEqual(known.tables.map(\.name), ["applied"])
                try checkEqual(after.changes(since: known), "table by_hand added")
            }
        },
    ]

    private static func schemaSource(_ store: any Store) throws -> any SchemaSource {
        guard let source = store as? any SchemaSource else { throw CheckFailure("the store tells no schema") }
        return source
    }

    private static func told(
        _ source: any SchemaSource, since mark: String? = nil
    ) async throws -> (schema: StoreSchema, mark: String) {
        guard let told = try await source.schema(since: mark) else { throw CheckFailure("no schema was told") }
        return told
    }
}
