import FleetFile
import Testing

/// Every byte of SQL is found where it stands in the file.
@Suite struct LayoutTests {
    private static func fleet(_ statements: String, keys: String = "{a.A: SELECT 1}") -> String {
        """
        fleet: f
        services:
          a:
            store: sqlite:a.db
            publishes: [A]
            views:
              v:
                when: \(keys)
                schema: \(statements)
        """
    }

    private static let blocks = [
        "|\n          CREATE ä\n\n            indented €;\n          end", "|-\n          CREATE\n            x;\n\n\n",
        "|+\n          CREATE\n\n\n", "|2\n            two leading blanks\n          none\n",
        "|2-\n          x\n\n          y",
        "|-2\n              deep\n", "|   # a comment\n\n\n          after blank lines\n",
        "|\n         odd\n          one more\n",
        "&anchor |\n          CREATE\n", "!!str |\n          CREATE 👨‍👩‍👧 x\n",
        "\"CREATE ä TABLE\"", "'CREATE ä TABLE'", "CREATE ä TABLE   # comment", "&anchor 'quoted'",
        "&a\n          \"later\"",
    ]

    @Test(arguments: blocks, [false, true])
    func charactersAreFound(statements: String, windows: Bool) throws {
        var text = Self.fleet(statements)
        if windows { text = text.replacing("\n", with: "\r\n") }
        let result = read(text)
        let schema = try #require(result.definition?.services[0].views[0].schema, "\(result.problems)")
        #expect(schema.layout != .opaque)
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(Array.init)
        var offset = 0
        for character in schema.text {
            let place = schema.location(ofByte: offset)
            offset += String(character).utf8.count
            guard character != "\n" else { continue }
            let line = try #require(lines.indices.contains(place.line - 1) ? lines[place.line - 1] : nil)
            try #require(line.indices.contains(place.column - 1), "\(place) of \(schema.layout)")
            #expect(line[place.column - 1] == character, "\(place) of \(schema.layout)")
        }
    }

    @Test(arguments: [
        (">\n          folded\n          text", 9, 17), ("\"tab\\there\"", 9, 17), ("'it''s'", 9, 17),
        ("on two\n          lines", 9, 17), ("\"on two\n          lines\"", 9, 17),
    ])
    func onlyTheBeginningOfTheRestIsKnown(statements: String, line: Int, column: Int) throws {
        let schema = try #require(read(Self.fleet(statements)).definition?.services[0].views[0].schema)
        #expect(schema.layout == .opaque)
        #expect(schema.location(ofByte: 3) == Place(file: Marked.path, line: line, column: column))
    }

    @Test func inlineTextBeginsAfterItsQuote() throws {
        let schema = try #require(read(Self.fleet("\"CREATE\"")).definition?.services[0].views[0].schema)
        #expect(schema.layout == .inline)
        #expect(schema.location == Place(file: Marked.path, line: 9, column: 18))
    }

    @Test func anAliasedTextStandsWhereItIsWritten() throws {
        let text = Self.fleet("*sql", keys: "{a.A: &sql SELECT 1}")
        let schema = try #require(read(text).definition?.services[0].views[0].schema)
        #expect(schema.location == Place(file: Marked.path, line: 8, column: 26))
    }
}
