import FleetFile
import Foundation
import Testing

@Suite struct YAMLTroubleTests {
    @Test(arguments: [
        Marked("‸", "the file is empty; `flotilla init`"), Marked("‸\n# nothing\n", "the file is empty"),
        Marked("---\n‸", "the file is empty"), Marked("‸just text", "the fleet file must be a mapping, but is a text"),
        Marked("‸- a\n- b", "the fleet file must be a mapping, but is a list"),
        Marked("fleet: f\nservices: {a: {store: sqlite:a.db}}\n‸---\nfleet: g\n", "a second YAML document begins here"),
        Marked("fleet: f\nservices:\n‸\ta: {}\n", "this is not YAML: found character that cannot start any token"),
        Marked("fleet: a‸: b\n", "this is not YAML: mapping values are not allowed in this context"),
        Marked("fleet: 'f\nservices: {}\n‸", "found unexpected end of stream"),
        Marked("fleet: f\nservices: {a: {store: ‸*}}", "for a star write \"*\" in quotes"),
        Marked("fleet: ‸@f\n", "put the value into quotes"),
        Marked("fleet: ‸%f\n", "put the value into quotes"),
        Marked("fleet: f\nservices: [a, b\n‸", "close every quote and bracket"),
        Marked("fleet: f\nservices: {a: {store: $‸{X}}}", "put a value with ${…} into quotes"),
        Marked(
            "fleet: f\n? ‸[a, b]\n: x\nservices: {a: {store: sqlite:a.db}}",
            "a key of the fleet file is a list"),
        Marked(
            "fleet: ‸!include x\nservices: {a: {store: sqlite:a.db}}",
            "the tag \"!include\" has no meaning here"),
        Marked(
            "fleet: ‸!!int f12\nservices: {a: {store: sqlite:a.db}}",
            "the tag \"!!int\" has no meaning here"),
        Marked(
            "fleet: f\nservices:\n  a: &a {store: sqlite:a.db}\n  b:\n    ‸<<: *a\n    store: sqlite:b.db",
            "merge keys (<<) are not read"),
        Marked("fleet: ‸*f\nservices: {a: {store: sqlite:a.db}}", "the alias *f has no anchor before it; put &f"),
        Marked("fleet: f\nservices: &s {a: {store: ‸*s}}", "the alias *s stands within its own anchor: a cycle"),
    ])
    func whatIsNoFleetFile(file: Marked) { file.check() }

    @Test(
        arguments: [
            ([0xFF], 2, 4, "byte 0xff is not UTF-8"), ([0xC3], 2, 4, "byte 0xc3 is not UTF-8"),
            ([0xED, 0xA0, 0x80], 2, 4, "byte 0xed is not UTF-8"), ([0x00], 2, 4, "the control character U+0000"),
            ([0x1B], 2, 4, "the control character U+001B"), ([0xC2, 0x85], 2, 4, "the line break U+0085"),
            ([0xE2, 0x80, 0xA8], 2, 4, "the line break U+2028"),
            ([0x0D], 2, 4, "a carriage return without a line feed"),
            ([0xEF, 0xBB, 0xBF], 2, 4, "a byte order mark (U+FEFF) within the file"),
        ] as [([UInt8], Int, Int, String)])
    func bytesThatAreNoText(bytes: [UInt8], line: Int, column: Int, part: String) throws {
        let data = Array("fleet: f\n# ä".utf8) + bytes + Array(" \nservices: {}\n".utf8)
        let problem = try #require(try read(data).problems.first)
        #expect(problem.location.line == line)
        #expect(problem.location.column == column)
        #expect(problem.description.contains(part), "\(problem)")
    }

    @Test func aBinaryFileIsNotAThousandProblems() throws {
        #expect(
            try read([UInt8](repeating: 0xFE, count: 3) + [UInt8](repeating: 0x80, count: 9_000)).problems.count == 10)
        let wide = try read(Array("fleet: f".utf16.flatMap { [UInt8($0), 0] }).reversed())
        #expect(!wide.problems.isEmpty)
        #expect(try read([0xFF, 0xFE, 0x61, 0x00]).problems.first?.message == "the file is UTF-16")
    }

    @Test func carriageReturnsAndByteOrderMarksLeaveColumnsRight() throws {
        let text = goodFile.replacing("\n", with: "\r\n")
        let fleet = try #require(try read([0xEF, 0xBB, 0xBF] + Array(text.utf8)).definition)
        let view = fleet.services[1].views[0]
        #expect(view.location.line == 17)
        #expect(view.location.column == 7)
        #expect(view.schema.text.utf8.allSatisfy { $0 != 0x0D })
        let wrong = try read([0xEF, 0xBB, 0xBF] + Array("flet: f\r\nservices: {a: {stor: sqlite:a.db}}\r\n".utf8))
        #expect(wrong.problems.map(\.location.line) == [1, 2])
        #expect(wrong.problems.map(\.location.column) == [1, 16])
    }

    @Test func aMissingFileIsAProblem() throws {
        let problem = try #require(reader.read(path: "/no/such/fleet.yaml").problems.first)
        #expect(problem.location == Place(file: "/no/such/fleet.yaml", line: 1, column: 1))
        #expect(problem.message == "cannot read /no/such/fleet.yaml: No such file or directory")
        #expect(problem.remedy.contains("`flotilla init`"))
        #expect(reader.read(path: "/usr").problems.first?.message.contains("Is a directory") == true)
        #expect(reader.read(path: "").problems.count == 1)
        #expect(reader.read(path: "/dev/zero").problems.first?.message.contains("larger than 1 MiB") == true)
    }

    @Test func theSizeIsBounded() {
        let comment = String(repeating: "#", count: 1 << 20)
        #expect(
            read(comment + "\n").problems.map(\.message) == [
                "the file is larger than 1 MiB, the most that a fleet file may have"
            ])
        #expect(read(String(comment.dropLast(goodFile.utf8.count + 1)) + "\n" + goodFile).definition != nil)
    }

    private let reader = FleetFileReader(environment: [:], storeSchemes: ["sqlite"], brokerEngines: ["embedded"])

    /// Reads bytes through a file, as users do.
    private func read(_ bytes: [UInt8]) throws -> FleetFileResult {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-\(UUID()).yaml")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return reader.read(path: file.path)
    }

    private func read(_ text: String) -> FleetFileResult { reader.read(text: text, path: Marked.path) }
}
