import Foundation
import Testing

/// Fleet files that are wrong: each is refused, with file, line and column.
@Suite(.serialized, .lanes) struct BadFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var yaml: String
        /// Where the problem is: `line:column`.
        var place: String
        var words: String
        var testDescription: String { name }

        init(_ name: String, _ place: String, _ words: String, _ yaml: String) {
            (self.name, self.place, self.words, self.yaml) = (name, place, words, yaml)
        }
    }

    private static let head = "fleet: f\nservices:\n"
    /// Two services on lines 3 to 9; the text continues the second one.
    private static let pair =
        head + """
              shop:
                store: sqlite:shop.db
                publishes: [Sold]
              copies:
                store: sqlite:copies.db
                views:

            """

    /// A view of the second service, from line 9 on: its schema on line 11, its statements from line 14 on.
    private static func view(_ schema: String, _ event: String, _ statements: String) -> String {
        pair + """
                  sales:
                    schema: |
                      \(schema)
                    when:
                      \(event): |
                        \(statements)

            """
    }

    private static let table = "CREATE TABLE sales (key TEXT PRIMARY KEY);"

    static let cases: [Case] = [
        Case("empty", "1:1", "empty", ""),
        Case("only a comment", "1:1", "empty", "# nothing\n"),
        Case("a text", "1:1", "mapping", "hello\n"),
        Case("not YAML", "3:1", "not YAML", "fleet: f\nservices: {shop: [\n"),
        Case("binary", "1:8", "U+0000", "fleet: \u{0}\u{1}\n"),
        Case("tabs", "3:", "tab", "fleet: f\nservices:\n\tshop:\n"),
        Case(
            "deep", "2:", "nested deeper than 64", "fleet: f\nservices: " + String(repeating: "[", count: 10_000) + "\n"
        ),
        Case(
            "cycle", "5:12", "cycle",
            "fleet: f\nservices:\n  shop: &shop\n    store: sqlite:shop.db\n    views: *shop\n"),
        Case("key twice", "3:1", "fleet", "fleet: f\nservices: {shop: {store: \"sqlite:shop.db\"}}\nfleet: g\n"),
        Case(
            "service twice", "4:3", "shop",
            head + "  shop: {store: \"sqlite:a.db\"}\n  shop: {store: \"sqlite:b.db\"}\n"),
        Case(
            "unknown key", "4:5", "did you mean \"publishes\"",
            head + "  shop:\n    publish: [Sold]\n    store: sqlite:shop.db\n"),
        Case("bad name", "1:8", "name", "fleet: F!\nservices: {shop: {store: \"sqlite:shop.db\"}}\n"),
        Case("no store", "4:5", "store", head + "  shop:\n    publishes: [Sold]\n"),
        Case(
            "one store twice", "4:", "shop",
            head + "  shop: {store: \"sqlite:a.db\"}\n  copies: {store: \"sqlite:./x/../a.db\"}\n"),
        Case("unset variable", "3:", "NOBODY_SETS_THIS", head + "  shop: {store: \"sqlite:${NOBODY_SETS_THIS}.db\"}\n"),
        Case(
            "unknown service", "13:11", "did you mean \"shop\"",
            view(table, "shpo.Sold", "INSERT INTO sales VALUES (:key)")),
        Case(
            "unknown event", "13:11", "did you mean \"Sold\"",
            view(table, "shop.Slod", "INSERT INTO sales VALUES (:key)")),
        Case(
            "schema that does not parse", "11:18", "TALBE",
            view("CREATE TALBE sales (key TEXT);", "shop.Sold", "SELECT 1")),
        Case(
            "statement that does not parse", "14:13", "INSRT",
            view(table, "shop.Sold", "INSRT INTO sales VALUES (:key)")),
        Case("unknown column", "14:", "kye", view(table, "shop.Sold", "INSERT INTO sales (kye) VALUES (:key)")),
        Case("unknown parameter", "14:", ":kay", view(table, "shop.Sold", "INSERT INTO sales VALUES (:kay)")),
        Case("transaction", "14:13", "COMMIT", view(table, "shop.Sold", "COMMIT")),
        Case(
            "unknown broker", "2:", "embedded",
            "fleet: f\nbroker: embeded\nservices: {shop: {store: \"sqlite:a.db\"}}\n"),
        Case(
            "bad unit", "2:35", "3 GB",
            "fleet: f\nbroker: {engine: embedded, limit: 3 GB}\nservices: {shop: {store: \"sqlite:a.db\"}}\n"),
    ]

    @Test(arguments: cases) func isRefusedWithItsPlace(_ bad: Case) async throws {
        let fleet = try FleetDirectory(bad.yaml)
        let check = try await fleet.flotilla("check")
        #expect(check.ended(1), "\(check.said)")
        let place = bad.place.hasSuffix(":") ? "fleet.yaml:\(bad.place)" : "fleet.yaml:\(bad.place): error: "
        #expect(
            check.errors.split(separator: "\n").contains {
                $0.hasPrefix(place) && (bad.words.isEmpty || $0.contains(bad.words))
            }, "\(check.said)")
        for line in check.errors.split(separator: "\n") {
            #expect(line.firstMatch(of: #/^fleet\.yaml:\d+:\d+: (error|warning): /#) != nil, "\(line)")
        }
        // Nothing else takes it either.
        #expect(try await fleet.flotilla("apply").ended(1))
        #expect(try await fleet.flotilla("run").ended(1))
    }

    /// A service may still make the table itself, so this is no error.
    @Test func unknownTableIsAWarning() async throws {
        let fleet = try FleetDirectory(Self.view(Self.table, "shop.Sold", "INSERT INTO slaes VALUES (:key)"))
        let check = try await fleet.flotilla("check")
        #expect(check.ended(0), "\(check.said)")
        #expect(check.errors.hasPrefix("fleet.yaml:14:13: warning: no such table: slaes"), "\(check.said)")
    }

    @Test func fileThatIsNotUTF8() async throws {
        let fleet = try FleetDirectory()
        try "fleet: \u{e9}t\u{e9}\n".write(toFile: fleet.file("fleet.yaml"), atomically: false, encoding: .isoLatin1)
        let check = try await fleet.flotilla("check")
        #expect(check.ended(1))
        #expect(check.errors.hasPrefix("fleet.yaml:1:8: error: "), "\(check.said)")
    }

    @Test func allProblemsAreToldAtOnce() async throws {
        let fleet = try FleetDirectory(
            Self.head + "  Shop: {store: \"sqlite:a.db\"}\n  stock: {stor: \"sqlite:b.db\", publishes: [\"1\"]}\n")
        let check = try await fleet.flotilla("check")
        #expect(check.ended(1))
        #expect(check.errors.split(separator: "\n").count >= 3, "\(check.said)")
    }

    /// An error of one kind hides none of another: keys, parameters and SQL are told together.
    @Test func sqlIsCheckedInAFileWithOtherErrors() async throws {
        let fleet = try FleetDirectory(
            """
            fleet: x
            services:
              a:
                store: sqlite:a.db
                publishes: [B]
                publishs: [C]
                views:
                  v:
                    schema: |
                      CREATE TABLE t (a);
                    when:
                      a.B: |
                        INSERT INTO t VALUES (:data.a);
                        INSERT INTO t
                        VALEUS (:data.a);
                      a.C: "INSERT INTO t VALUES (:kye)"
            """)
        let check = try await fleet.flotilla("check")
        #expect(check.ended(1))
        #expect(check.errors.contains("fleet.yaml:6:5: error: unknown key \"publishs\""), "\(check.said)")
        #expect(check.errors.contains("fleet.yaml:15:"), "\(check.said)")
        #expect(check.errors.contains("fleet.yaml:16:"), "\(check.said)")
    }
}
