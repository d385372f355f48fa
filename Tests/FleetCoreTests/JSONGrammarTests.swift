import FleetCore
import Testing

/// The cases that parsers are known to get wrong (after nst/JSONTestSuite, "Parsing JSON is a Minefield").
@Suite struct JSONGrammarTests {
    static let accepted: [String] = [
        // Structure and whitespace
        "[]", "{}", "[[]   ]", " [1] ", "\t[\n1\r]\n", "[ 4]", "[1]\n", "[1,null,2]", "[null,1,\"1\",{}]",
        "[1,null,null,null,2]", "[\"a\"]", "[2] ", "[1\n,2]", "\"\"", "\" \"", "42", "-0.1", "null", "true", "false",
        "\"asd\"", "[null, 1, \"1\", {}]", "[\"a\",\n4\n,1]", "[true]", "[false]", "[null]",
        // Numbers
        "[123e65]", "[0e+1]", "[0e1]", "[-0.000000000000000000000000000000000000000000000000000000000000001]",
        "[20e1]", "[-0]", "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]",
        "[1e+2]", "[123]", "[123.456789]", "[0.4e00669999999999]", "[-9223372036854775808]", "[1.5e+9999]",
        "[123123e100000]", "[-1e-400]",
        // Strings
        #"["\u0060\u012a\u12AB"]"#, #"["\uD801\udc37"]"#, #"["\ud83d\ude39\ud83d\udc8d"]"#,
        #"["\"\\\/\b\f\n\r\t"]"#, #"["\\u0000"]"#, #"["\""]"#, #"["a/*b*/c/*d//e"]"#, #"["\\a"]"#, #"["\\n"]"#,
        #"["\u0012"]"#, #"["\uFFFF"]"#, #"["new\u000Aline"]"#, #"["\u0000"]"#, #"["\uDBFF\uDFFE"]"#, #"["\u0022"]"#,
        #"["\u005C"]"#, #"["\uFDD0"]"#, #"["\u0821"]"#, "[\"asd \"]", "[\"\u{10FFFF}\"]", "[\"\u{FFFF}\"]",
        "[\"\u{7F}\"]", "[\"\u{2028}\u{2029}\"]", "[\"π\"]", "[\"𛿿\"]", "[\"€𝄞\"]", "[\"\u{FEFF}\"]",
        "[\"\u{2342}\u{A66D}\"]",
        // Objects
        #"{"a":[]}"#, #"{"a":"b","c":"d"}"#, #"{"a":"b","a":"c"}"#, #"{"a":"b","a":"b"}"#, #"{"":0}"#,
        #"{"foo\u0000bar": 42}"#, #"{"min": -1.0e+28, "max": 1.0e+28}"#, "{\n\"a\": \"b\"\n}", #"{"a":null}"#,
        #"{"title":"\u041f\u043e\u043b"}"#, #"{"x":[{"id": "x"}], "id": "x"}"#,
    ]

    static let refused: [String] = [
        // Structure
        "", " ", "\n", "[", "]", "{", "}", "[1", "[1,", "[,1]", "[1,]", "[1,,2]", "[,]", "[\"\",]", "[1}", "[3[4]]",
        "[1:2]", "[1 true]", "[a", "[\"x\"]]", "[][]", "[1]x", "[1],", "{}}", "[\"a\"", "[\"asd]", "[1 000]", "[1;2]",
        "[1]#", "{\"a\":\"b\"}/**/", "/*c*/[]", "[/**/1]", "{\"a\":\"b\"}//", "{\"a\":\"b\"}#", "\u{FEFF}[]",
        "\u{A0}1",
        "[\u{0C}]", "[\u{0B}1]", "\u{2060}[]", "<.>", "[<null>]", "*", "abc", "2@", "[1\u{00}]", "1\u{00}", "\u{00}",
        "[\n1,\n1\n,1", "{[", "[\"a\" \"b\"]", "{\"a\":/*comment*/\"b\"", "å", "[True]", "[TRUE]", "[nul]", "[tru]",
        "[fals]", "[truth]", "[nullx]", "truefalse", "nul", "[undefined]", "[NaN]", "[Infinity]", "[-Infinity]",
        "[+Inf]",
        // Numbers
        "[-01]", "[012]", "[00]", "[-]", "[+1]", "[++1]", "[--1]", "[1.]", "[-2.]", "[.5]", "[-.5]", "[0.e1]", "[2.e3]",
        "[0.3e]", "[0.3e+]", "[0e]", "[0e+]", "[1.0e]", "[1.0e-]", "[1eE2]", "[1e1.5]", "[0E+]",
        "[9.e+]", "[0x1]",
        "[0x42]", "[1_000]", "[1+2]", "[1-2]", "[1a]", "[-1x]", "[- 1]", "[-foo]", "[1 .5]", "[-012]", "[.-1]",
        "[0.1.2]", "[１]", "[1e]", "-", "01", "1.", "1e", "[1.2a-3]", "[-1.0.]",
        // Strings
        "[\"\\\"]", "[\"\\x00\"]", "[\"\\\\\\\"]", "[\"\\\t\"]", "[\"\\\u{1F300}\"]", "[\"\\a\"]", "[\"\\uqqqq\"]",
        "[\"\\u00A\"]", "[\"\\u\"]", "[\"\\u12\"", "[\"\\U0041\"]", "[\"\\'\"]", "[\"\\0\"]", "[\"new\nline\"]",
        "[\"\t\"]", "[\"a\u{00}a\"]", "[\"\u{1F}\"]", "\"", "\"\\", "\"\\u", "\"\\u00", "['single']", "[\"x",
        "[\\u0020]",
        "[“a”]", "[\"\\uD800\"]", "[\"\\uDC00\"]", "[\"\\uD800\\u\"]", "[\"\\uD800\\u1\"]", "[\"\\uD800\\u1x\"]",
        "[\"\\uD800\\uD800\"]", "[\"\\uDD1E\\uD834\"]", "[\"\\uD800abc\"]", "[\"\\uD834\\n\"]", "[\"\\uD834\\\\DC00\"]",
        // Objects
        "{\"a\"}", "{\"a\":}", "{\"a\"", "{\"a\":\"b", "{\"a\":1", "{\"a\":1,}", "{,}", "{\"a\":1,,\"b\":2}", "{:1}",
        "{1:1}", "{a:1}", "{'a':1}", "{\"a\" 1}", "{\"a\",1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{\"a\":1;}",
        "{[]:1}",
        "{null:null}", "{\"a\":1]", "{\"a\":\"a\" 123}", "{\"a\":true, \"b\"}", "{\"a\\uD800\":1}", "{\"x\"=1}",
    ]

    /// Bytes between quotes that are no UTF-8.
    static let malformed: [[UInt8]] = [
        [0xFF], [0x80], [0xBF], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x9F, 0xBF], [0xE0, 0x80, 0xAF],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9D, 0x84],
        [0xC3, 0x28], [0xE2, 0x28, 0xA1], [0xE5, 0x5C, 0x6E], [0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0xE9],
    ]

    @Test func wellFormedTextsAreAccepted() {
        for text in Self.accepted {
            #expect(throws: Never.self, "\(text)") { try JSONDocument.validate(Array(text.utf8)) }
            #expect(throws: Never.self, "\(text)") {
                try JSONFields([JSONFieldPath(["x", "0", "id"])]).extract(from: Array(text.utf8))
            }
        }
    }

    @Test func anythingElseIsRefused() {
        for text in Self.refused {
            #expect(throws: JSONError.self, "\(text)") { try JSONDocument.validate(Array(text.utf8)) }
            #expect(throws: JSONError.self, "\(text)") {
                try JSONFields([JSONFieldPath(["0"]), JSONFieldPath(["a"])]).extract(from: Array(text.utf8))
            }
        }
    }

    /// At every place among the eight bytes that are looked at together, and at the very end.
    @Test func malformedBytesAreRefusedWhereverTheyStand() {
        for bytes in Self.malformed {
            for before in 0...9 {
                for after in [0, 1, 20] {
                    let document =
                        [0x22] + [UInt8](repeating: 0x61, count: before) + bytes
                        + [UInt8](repeating: 0x61, count: after) + [0x22]
                    #expect(throws: JSONError.self, "\(document)") { try JSONDocument.validate(document) }
                }
            }
            #expect(throws: JSONError.self) { try JSONDocument.validate([0x5B] + bytes + [0x5D]) }
        }
    }

    @Test func everyByteAfterEveryPlainRunIsJudgedAlike() async {
        for before in 0...17 {
            await Task.yield()
            for byte in UInt8.min...UInt8.max {
                let document =
                    [0x22] + [UInt8](repeating: 0x7A, count: before) + [byte]
                    + [UInt8](repeating: 0x7A, count: 9) + [0x22]
                let isValid = byte >= 0x20 && byte < 0x80 && byte != 0x22 && byte != 0x5C
                #expect(((try? JSONDocument.validate(document)) != nil) == isValid, "\(byte) after \(before)")
            }
        }
    }

    @Test func depthIsBounded() {
        func nested(_ count: Int) -> [UInt8] {
            Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8)
        }
        func mixed(_ count: Int) -> [UInt8] {
            Array((String(repeating: "{\"a\":[", count: count) + String(repeating: "]}", count: count)).utf8)
        }
        #expect(throws: Never.self) { try JSONDocument.validate(nested(128)) }
        #expect(throws: Never.self) { try JSONDocument.validate(mixed(64)) }
        #expect(throws: JSONError.self) { try JSONDocument.validate(nested(129)) }
        #expect(throws: JSONError.self) { try JSONDocument.validate(mixed(65)) }
        let deep = JSONFields([JSONFieldPath(Array(repeating: "0", count: 200))])
        #expect(throws: Never.self) { try deep.extract(from: nested(128)) }
        #expect(throws: JSONError.self) { try deep.extract(from: nested(129)) }
        #expect(throws: JSONError.self) {
            try JSONDocument.validate([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
        }
    }

    @Test(arguments: [
        ("[1,]", 3, "a value is missing"), ("{\"a\":1", 6, "the text ends too early"),
        ("[\"ab\ncd\"]", 4, "a control character stands unescaped in a string"),
        ("nulk", 3, "true, false or null is misspelled"),
        ("[01]", 1, "a number begins with a needless 0"), ("{} x", 3, "something follows the document"),
        ("[\"a\\", 4, "the text ends too early"), ("[\"\\q\"]", 2, "a backslash begins no known escape"),
        ("{\"a\" 1}", 5, "a colon is missing after a member's name"),
    ])
    func errorsSayWhereAndWhy(text: String, offset: Int, reason: String) {
        #expect(throws: JSONError(offset: offset, reason: reason)) { try JSONDocument.validate(Array(text.utf8)) }
    }
}
