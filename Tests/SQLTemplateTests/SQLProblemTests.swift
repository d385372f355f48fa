import SQLTemplate
import Testing

@Suite struct SQLProblemTests {
    private func problems(_ text: String, _ dialect: SQLDialect) -> [SQLTemplateError.Problem] {
        do {
            _ = try SQLTemplate(text, dialect: dialect)
            return []
        } catch {
            return error.problems
        }
    }

    /// The text, and where its only problem begins.
    private static let anywhere: [(String, Int)] = [
        ("", 0), (" ;; -- a\n/* b */", 0), ("SELECT 'a", 7), ("SELECT 'a''", 7), ("SELECT \"a", 7),
        ("SELECT \"a\"\"", 7),
        ("SELECT :name", 7), ("SELECT :Data.a", 7), ("SELECT :data_a", 7), ("SELECT :keys", 7), ("SELECT :größe", 7),
        ("SELECT :data.", 12), ("SELECT :data..a", 12), ("SELECT :data.*", 12), ("SELECT :data. a", 12),
        ("SELECT :data.größe", 13), ("SELECT :data.a$b", 13), ("SELECT :data.\"a", 13), ("SELECT :data.\"a\"b", 16),
        ("SELECT :data.\"a\"1", 16), ("SELECT :key.a", 11), ("SELECT :time.a", 12), ("SELECT :key(1)", 7),
        ("SELECT :data.a(1)", 7), ("SELECT $1", 7), ("SELECT $name", 7), ("SELECT 1+$1", 9), ("SELECT :data$", 7),
        ("begin", 0), ("SELECT 1; COMMIT", 10), ("/* a */ End;", 8), ("ROLLBACK", 0), ("SAVEPOINT a", 0),
        ("RELEASE a", 0), ("ATTACH 'a' AS b", 0), ("DETACH b", 0), ("PRAGMA user_version", 0), ("VACUUM", 0),
        ("SELECT \u{0}", 7),
    ]

    private static let sqlite: [(String, Int)] = [
        ("SELECT ?", 7), ("SELECT ?1", 7), ("SELECT @x", 7), ("SELECT :1", 7), ("SELECT `a", 7), ("SELECT [a", 7),
        ("SELECT x::text", 8), ("SELECT :key::text", 11), ("SELECT $$", 7),
    ]

    private static let postgresql: [(String, Int)] = [
        ("SELECT /* /* */", 7), ("SELECT E'a\\'", 7), ("SELECT E'a\\", 7), ("SELECT E'a'\n'b", 7), ("SELECT $$a", 7),
        ("SELECT $a$ $b$", 7), ("SELECT $a b$", 7), ("SELECT a[lo:hi]", 11), ("START TRANSACTION", 0), ("ABORT", 0),
        ("PREPARE TRANSACTION 'x'", 0), ("SELECT [it's", 10),
    ]

    @Test(arguments: [SQLDialect.sqlite, .postgresql])
    func eachProblemIsToldWhereItBegins(dialect: SQLDialect) {
        for (text, offset) in Self.anywhere + (dialect == .sqlite ? Self.sqlite : Self.postgresql) {
            let problems = problems(text, dialect)
            #expect(problems.map(\.byteOffset) == [offset], "\(text)")
            for problem in problems {
                #expect(problem.message.hasSuffix(".") && problem.remedy.hasSuffix("."), "\(text)")
            }
        }
    }

    @Test func severalProblemsAreToldAtOnce() {
        let text = "PRAGMA x = :nmae; SELECT :typ, :data., ?; SELECT 'open"
        #expect(problems(text, .sqlite).map(\.byteOffset) == [0, 11, 25, 36, 39, 49])
    }

    @Test func unknownNamesAreExplained() {
        let near = problems("SELECT :sorce", .sqlite)
        #expect(near.first?.message == "An event has no parameter :sorce.")
        #expect(near.first?.remedy.hasPrefix("Did you mean :source? ") == true)
        let field = problems("SELECT :customer_id", .sqlite)
        #expect(
            field.first?.remedy
                == "Write :data.customer_id for that field of the payload, or one of "
                + ":data, :key, :id, :type, :source, :time, :traceparent.")
        #expect(problems("SELECT a[lo:hi]", .postgresql).first?.remedy.contains("blank after the colon") == true)
        #expect(problems("SELECT a[1], :hi", .postgresql).first?.remedy.contains("blank") == false)
    }

    @Test func whatOnlyLooksForbiddenIsAllowed() {
        for text in [
            "SELECT 1 AS begin", "\"begin\" 1", "UPDATE t SET x = 'COMMIT'", "(SELECT 1)", "BEGINNING",
            "REPLACE INTO t",
        ] {
            #expect(problems(text, .sqlite).isEmpty, "\(text)")
        }
        #expect(problems("SELECT ?| ?& ? @x", .postgresql).isEmpty)
        #expect(problems("abort", .sqlite).isEmpty)
    }
}
