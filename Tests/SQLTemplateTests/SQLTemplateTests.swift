import FleetCore
import SQLTemplate
import Testing

@Suite struct SQLTemplateTests {
    @Test func statementsAndParametersOfTheManual() throws {
        let text = """
            INSERT INTO customer_names VALUES (:data.customer_id, :data.name)
            ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name;
            -- Copies that were made before.
            UPDATE order_lines SET customer_name = :data.name
            WHERE customer_id = :data.customer_id AND name <> :data.name;

            """
        for dialect in [SQLDialect.sqlite, .postgresql] {
            let statements = try SQLTemplate(text, dialect: dialect).statements
            #expect(
                statements.map(\.sql) == [
                    "INSERT INTO customer_names VALUES ($1, $2)\n"
                        + "ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name",
                    "UPDATE order_lines SET customer_name = $1\nWHERE customer_id = $2 AND name <> $1",
                ])
            let id = EventParameter.data(JSONFieldPath(["customer_id"]))
            let name = EventParameter.data(JSONFieldPath(["name"]))
            #expect(statements.map(\.parameters) == [[id, name], [name, id]])
            #expect(
                statements[1].byteOffset
                    == "\(text.prefix { $0 != ";" });\n-- Copies that were made before.\n".utf8.count)
        }
    }

    /// The text, what it becomes (`nil`: the text itself), and the parameters as they are written.
    private static let anywhere: [(String, String?, [String])] = [
        (
            "SELECT :key, :id, :type, :source, :time, :traceparent, :data", "SELECT $1, $2, $3, $4, $5, $6, $7",
            [":key", ":id", ":type", ":source", ":time", ":traceparent", ":data"]
        ),
        ("SELECT :data.a.b_1.0", "SELECT $1", [":data.a.b_1.0"]),
        (#"SELECT :data."unit price".x, :data."a""b""#, "SELECT $1, $2", [#":data."unit price".x"#, #":data."a""b""#]),
        (#"SELECT :data."a".b, :data.a."b""#, "SELECT $1, $1", [":data.a.b"]),
        (#"SELECT :data."größe;:key""#, "SELECT $1", [#":data."größe;:key""#]),
        ("SELECT (:key)+:key-:id/:key", "SELECT ($1)+$1-$2/$1", [":key", ":id"]),
        ("SELECT:key", "SELECT $1", [":key"]), ("SELECT 1:key", "SELECT 1 $1", [":key"]),
        ("SELECT :key:id", "SELECT $1 $2", [":key", ":id"]), ("SELECT x:key", "SELECT x $1", [":key"]),
        ("SELECT ':key' || :key || 'it''s :id'", "SELECT ':key' || $1 || 'it''s :id'", [":key"]),
        (#"SELECT ":key", "a"":id" FROM t"#, nil, []),
        ("SELECT 1 -- :key ; '\n, :id", "SELECT 1 -- :key ; '\n, $1", [":id"]),
        ("SELECT 1 /* :key ; ' \" */, :id", "SELECT 1 /* :key ; ' \" */, $1", [":id"]),
        ("SELECT /**/ 1 /*/ :key */", "SELECT /**/ 1", []),
        ("SELECT 1 - -:key", "SELECT 1 - -$1", [":key"]), ("SELECT :data->>'a:key'", "SELECT $1->>'a:key'", [":data"]),
        ("SELECT :data.a-b", "SELECT $1-b", [":data.a"]),
        ("SELECT f(a := 1, b:=:key)", "SELECT f(a := 1, b:=$1)", [":key"]),
        ("SELECT a$b, \u{E9}$1", nil, []), ("SELECT 1.5e-3, 0x1F, .5", nil, []), ("SELECT x'AB', X''", nil, []),
        ("SELECT 'é😹' || :key || 'ü'", "SELECT 'é😹' || $1 || 'ü'", [":key"]),
        ("SELECT CASE WHEN :key THEN 1 END", "SELECT CASE WHEN $1 THEN 1 END", [":key"]),
    ]

    private static let sqlite: [(String, String?, [String])] = [
        ("SELECT `:key`, `a``:id`, [:key], [it's]", nil, []),
        ("SELECT 1 /* /* :key */, :id", "SELECT 1 /* /* :key */, $1", [":id"]),
        ("SELECT :key /* never closed ; :id", "SELECT $1", [":key"]),
        (#"SELECT 'a\' || :key"#, #"SELECT 'a\' || $1"#, [":key"]),
        (#"SELECT E'a\', :key"#, #"SELECT E'a\', $1"#, [":key"]),
        ("SELECT 1 -- a\r:key\n", "SELECT 1", []),
        (
            "SELECT value ->> '$.a' FROM json_each(:data.lines)", "SELECT value ->> '$.a' FROM json_each($1)",
            [":data.lines"]
        ),
    ]

    private static let postgresql: [(String, String?, [String])] = [
        ("SELECT :data.n::numeric(10, 2), x::text", "SELECT $1::numeric(10, 2), x::text", [":data.n"]),
        ("SELECT :key::text::key", "SELECT $1::text::key", [":key"]),
        ("SELECT 1 /* /* :key */ ; */, :id", "SELECT 1 /* /* :key */ ; */, $1", [":id"]),
        (#"SELECT E'it\'s :key' || :key"#, #"SELECT E'it\'s :key' || $1"#, [":key"]),
        (#"SELECT e'\\' || :key, E'''\'' || :id"#, #"SELECT e'\\' || $1, E'''\'' || $2"#, [":key", ":id"]),
        (#"SELECT 'a\' || :key"#, #"SELECT 'a\' || $1"#, [":key"]),
        (#"SELECT ae'a\', :key"#, #"SELECT ae'a\', $1"#, [":key"]),
        ("SELECT E'a' -- c'\n  '\\':key' || :id", "SELECT E'a' -- c'\n  '\\':key' || $1", [":id"]),
        ("SELECT E'a'   '\\', :id", "SELECT E'a'   '\\', $1", [":id"]),
        (#"SELECT U&'\0041:key' UESCAPE '!', U&"d\0061:id""#, nil, []),
        ("SELECT $$ :key ; ' $$ || :id", "SELECT $$ :key ; ' $$ || $1", [":id"]),
        ("SELECT $q$ $$ :key $Q$ $q$, $é_1$x$é_1$", nil, []),
        ("SELECT $a$ $aa$ $a$, :key", "SELECT $a$ $aa$ $a$, $1", [":key"]),
        (
            "SELECT a[1:2], a[:2], a[1:], a[lo : hi], a[:key]", "SELECT a[1:2], a[:2], a[1:], a[lo : hi], a[$1]",
            [":key"]
        ),
        ("SELECT a[1::int:2], ARRAY[:key]", "SELECT a[1::int:2], ARRAY[$1]", [":key"]),
        (
            "SELECT d ? 'a', d ?| :data.x, d @> :data, d @? '$.a', @ -5",
            "SELECT d ? 'a', d ?| $1, d @> $2, d @? '$.a', @ -5",
            [":data.x", ":data"]
        ),
        ("SELECT 1 -- a\r, :key", "SELECT 1 -- a\r, $1", [":key"]), ("SELECT a #>> '{b}'", nil, []),
        ("SELECT [it's :key]'", "SELECT [it's :key]'", []),
    ]

    @Test(arguments: [SQLDialect.sqlite, .postgresql])
    func parametersAreFoundAndNothingElse(dialect: SQLDialect) throws {
        for (text, sql, parameters) in Self.anywhere + (dialect == .sqlite ? Self.sqlite : Self.postgresql) {
            let statements = try SQLTemplate(text, dialect: dialect).statements
            #expect(statements.map(\.sql) == [sql ?? text], "\(text)")
            #expect(statements.first?.parameters.map(\.description) == parameters, "\(text)")
        }
    }

    @Test func pathsAreTakenApart() throws {
        let statement = try SQLTemplate(#"SELECT :data."a.b".0.c"#, dialect: .sqlite).statements[0]
        #expect(statement.parameters == [.data(JSONFieldPath(["a.b", "0", "c"]))])
        let whole = try SQLTemplate("SELECT :data", dialect: .sqlite).statements[0]
        #expect(whole.parameters == [.data(JSONFieldPath([]))])
    }

    @Test func emptyStatementsAreLeftOut() throws {
        let text = ";; SELECT 1 ; -- a\n ; /* b */ SELECT (2;3) ;/* c */;"
        let statements = try SQLTemplate(text, dialect: .postgresql).statements
        #expect(statements.map(\.sql) == ["SELECT 1", "SELECT (2", "3)"])
        #expect(statements.map(\.byteOffset) == [3, 30, 40])
    }

    @Test func placesAreFoundAgain() throws {
        let text = "-- é\nSELECT 1;\n UPDATE t SET a=:data.\"é\".x, b:key, c = :data.\"é\".x WHERE missing = 1 ; "
        let statement = try SQLTemplate(text, dialect: .sqlite).statements[1]
        #expect(statement.sql == "UPDATE t SET a=$1, b $2, c = $1 WHERE missing = 1")
        let source = Array(text.utf8)
        let sql = Array(statement.sql.utf8)
        for (offset, byte) in sql.enumerated() {
            let origin = source[statement.sourceOffset(of: offset)]
            #expect(origin == byte || origin == UInt8(ascii: ":"), "\(offset)")
        }
        #expect(statement.sourceOffset(of: -5) == statement.byteOffset)
        #expect(source[statement.sourceOffset(of: 10_000)] == UInt8(ascii: " "))
        #expect(statement.sourceOffset(of: 10_000) == statement.sourceOffset(of: sql.count))
    }
}
