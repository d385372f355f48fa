#if Postgres
    import Testing

    @testable import PostgresStore

    /// What is shown of a statement has no constant, no comment, and is no command.
    @Suite struct StatementTextTests {
        @Test(arguments: [
            ("SELECT * FROM t WHERE id = $1", "SELECT * FROM t WHERE id = $1"),
            ("  select\n\ta ,  b\nfrom t  ", "select a , b from t"),
            ("SELECT 'it''s secret', 12, 0x1F, 1.5e-3, .5, a1 FROM t1", "SELECT ?, ?, ?, ?, ?, a1 FROM t1"),
            (#"SELECT E'se\'cret', e'x', B'01', X'1F', U&'s', N'x' "na'me""#, #"SELECT ?, ?, ?, ?, ?, ? "na'me""#),
            ("SELECT $$secret$$, $tag$se$cret$tag$, $1, a$b", "SELECT ?, ?, $1, a$b"),
            (
                "/* trace='secret' /* nested */ x */ UPDATE t SET a = -5 -- secret\n WHERE b",
                "UPDATE t SET a = -? WHERE b"
            ),
            ("(SELECT 1)", "(SELECT ?)"), ("WITH x AS (SELECT 1) DELETE FROM t", "WITH x AS (SELECT ?) DELETE FROM t"),
            ("SELECT größe FROM t WHERE x = 'ß", "SELECT größe FROM t WHERE x = ?"),
            ("SELECT 'cut in the mid", "SELECT ?"), ("SELECT $$cut", "SELECT ?"), ("SELECT E'cut\\", "SELECT ?"),
            ("INSERT INTO t VALUES ($1", "INSERT INTO t VALUES ($1"), ("SELECT \"cut", "SELECT \"cut"),
        ]) func constantsAndCommentsAreLeftOut(text: String, shown: String) {
            #expect(StatementText.shown(text) == shown)
        }

        @Test(arguments: [
            "CREATE ROLE a PASSWORD 'secret'", "/* x */ ALTER ROLE a PASSWORD 'secret'", "COPY t FROM PROGRAM 'secret'",
            "DO $$ secret $$", "SET x = 'secret'", "EXPLAIN SELECT 'secret'", "PREPARE p AS SELECT 'x'", "", "   ",
            "'SELECT",
            "<insufficient privilege>", "BEGIN", "-- SELECT 1",
        ]) func commandsAreNotShown(text: String) {
            #expect(StatementText.shown(text) == nil)
        }

        @Test func aLongTextIsCut() {
            let shown = StatementText.shown("SELECT " + String(repeating: "column, ", count: 1000) + "1")
            #expect(shown?.count == StatementText.longest + 1 && shown?.hasSuffix("…") == true)
        }
    }
#endif
