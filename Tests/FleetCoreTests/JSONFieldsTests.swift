import FleetCore
import Testing

@Suite struct JSONFieldsTests {
    private func extract(_ text: String, _ paths: [[String]]) throws -> [JSONValue?] {
        try JSONFields(paths.map { JSONFieldPath($0) }).extract(from: Array(text.utf8))
    }

    private func value(_ text: String, _ path: String...) throws -> JSONValue? {
        try extract(text, [path])[0]
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .boolean(true)), ("false", .boolean(false)), ("0", .integer(0)),
        ("-0", .integer(0)), ("-7", .integer(-7)), ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .real(9_223_372_036_854_775_808)),
        ("-9223372036854775809", .real(-9_223_372_036_854_775_808)), ("1.0", .real(1)), ("1e2", .real(100)),
        ("12.5E-1", .real(1.25)), ("1e-400", .real(0)),
        ("123456789012345678901234567890", .real(1.2345678901234568e29)),
        ("\"\"", .text("")), ("\"a b\"", .text("a b")), (#""\"\\\/\b\f\n\r\t""#, .text("\"\\/\u{8}\u{C}\n\r\t")),
        (#""\u00e9\u20AC\ud83d\ude39x""#, .text("é€😹x")), ("\"größe 😹\"", .text("größe 😹")),
        (#""\u0000""#, .text("\u{0}")), ("[]", .json("[]")), ("{ \"b\" : [1, 2 ] }", .json("{ \"b\" : [1, 2 ] }")),
    ])
    func kindsOfValues(text: String, expected: JSONValue) throws {
        #expect(try value("{\"x\": 1, \"a\" : \(text) , \"y\":2}", "a") == expected)
        #expect(try value("[0,\(text)]", "1") == expected)
        #expect(try extract(" \(text)\n", [[]]) == [expected])
    }

    @Test func valuesStandInTheOrderOfTheirPaths() throws {
        let text = #"{"id":7,"customer":{"name":"Ann","address":{"city":"Ulm"}},"lines":[{"sku":"A"},{"sku":"B"}]}"#
        let values = try extract(
            text,
            [
                ["lines", "1", "sku"], ["customer", "address", "city"], ["id"], ["customer", "address"], ["missing"],
                ["customer", "name", "first"], ["lines", "2"], ["id"], ["lines"], ["lines", "sku"],
            ])
        #expect(
            values == [
                .text("B"), .text("Ulm"), .integer(7), .json(#"{"city":"Ulm"}"#), nil, nil, nil, .integer(7),
                .json(#"[{"sku":"A"},{"sku":"B"}]"#), nil,
            ])
        #expect(try extract(text, []).isEmpty)
        #expect(try extract(text, [[], ["id"]]) == [.json(text), .integer(7)])
    }

    @Test func theLastOfSeveralMembersCounts() throws {
        #expect(try value(#"{"a":1,"a":2}"#, "a") == .integer(2))
        #expect(try value(#"{"a":1,"a":null}"#, "a") == .null)
        #expect(try extract(#"{"a":{"b":1},"a":{}}"#, [["a", "b"], ["a"]]) == [nil, .json("{}")])
        #expect(try extract(#"{"a":{"b":1},"a":3}"#, [["a", "b"], ["a"]]) == [nil, .integer(3)])
        #expect(try extract(#"{"a":[1,2],"a":[3]}"#, [["a", "1"], ["a", "0"]]) == [nil, .integer(3)])
        #expect(try value(#"{"a":1,"\u0061":2}"#, "a") == .integer(2))
        #expect(try value(#"{"\u0061":1,"a":2}"#, "a") == .integer(2))
    }

    @Test func namesAreComparedByTheirBytes() throws {
        let text = #"{"":1,"0":2,"a.b":3,"A":4,"\ud83d\ude39":5,"größe":6,"a":{"":7},"x\"y":8,"01":9}"#
        let paths = [[""], ["0"], ["a.b"], ["A"], ["😹"], ["größe"], ["a", ""], ["x\"y"], ["01"], ["b"], ["ab"]]
        let values = try extract(text, paths)
        #expect(values == [1, 2, 3, 4, 5, 6, 7, 8, 9].map { .integer($0) } + [nil, nil])
        let composed = "{\"\u{E9}\":1}"
        #expect(try value(composed, "\u{E9}") == .integer(1))
        #expect(try value(composed, "e\u{301}") == nil)
        #expect(JSONFieldPath(["\u{E9}"]) != JSONFieldPath(["e\u{301}"]))
        #expect(Set([JSONFieldPath(["a", "b"]), JSONFieldPath(["a", "b"]), JSONFieldPath(["ab"])]).count == 2)
    }

    @Test func digitsIndexArrays() throws {
        let text = "[10,11,12,13,14,15,16,17,18,19,20]"
        #expect(
            try extract(text, [["0"], ["10"], ["11"], ["01"], ["-1"], ["99999999999999999999"]])
                == [.integer(10), .integer(20), nil, nil, nil, nil])
        #expect(try value(#"{"lines":{"0":"name"}}"#, "lines", "0") == .text("name"))
        #expect(try value("[[1,[2,3]]]", "0", "1", "0") == .integer(2))
    }

    @Test func numbersTooLargeAreRefusedOnlyWhereTheyAreTaken() throws {
        let text = #"{"a":1e400,"b":{"c":-1e999}}"#
        #expect(throws: JSONError(offset: 5, reason: "a number is too large")) { try value(text, "a") }
        #expect(throws: JSONError.self) { try value(text, "b", "c") }
        #expect(try value(text, "b") == .json(#"{"c":-1e999}"#))
        #expect(try value(text, "a", "b") == nil)
    }

    @Test func numbersAreReadAsTheyWereWritten() async throws {
        var random = SystemRandomNumberGenerator()
        for round in 0..<2_000 {
            if round % 100 == 0 { await Task.yield() }
            let integer = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<64, using: &random)
            #expect(try value("{\"a\":\(integer)}", "a") == .integer(integer))
            let real = Double(bitPattern: .random(in: 0...UInt64.max, using: &random))
            guard real.isFinite else { continue }
            #expect(try value("{\"a\":\(real)}", "a") == .real(real))
        }
    }

    @Test func theWholeDocumentIsChecked() {
        for text in [#"{"a":1,"b":tru}"#, #"{"a":1}{"#, #"{"b":"\ud800","a":1}"#, "{\"a\":1,\"b\":[1,]}", #"{"a":1"#] {
            #expect(throws: JSONError.self, "\(text)") { try value(text, "a") }
        }
    }

    @Test func headersAreStrings() throws {
        let members = try JSONDocument.stringMembers(of: Array(#" {"b":"1", "a":"\n" ,"\u0062":"2"} "#.utf8))
        #expect(members.map(\.name) == ["b", "a"])
        #expect(members.map(\.value) == ["2", "\n"])
        #expect(try JSONDocument.stringMembers(of: Array("{}".utf8)).isEmpty)
        let wrongs = [
            "[]", "\"a\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":\"b\"", "{\"a\":\"b\"} x", "", "{\"a\"}",
        ]
        for wrong in wrongs {
            #expect(throws: JSONError.self, "\(wrong)") { try JSONDocument.stringMembers(of: Array(wrong.utf8)) }
        }
    }

    @Test func pathsAreWrittenWithDots() {
        #expect(JSONFieldPath(["a", "b_1", "0"]).description == "a.b_1.0")
        #expect(JSONFieldPath([]).description == "")
        #expect(JSONFieldPath(["a b", "c\"d", "", "é"]).description == #""a b"."c""d".""."é""#)
    }
}
