import FleetCore
import SQLTemplate
import TestKit
import Testing

/// Random texts made of the pieces that matter to a scanner of SQL.
@Suite struct SQLFuzzTests {
    private static let seed = RandomSource(for: "random SQL").seed

    private static let pieces = [
        ":key", ":id", ":data", ":data.a", ":data.\"b c\"", ":time", ":nope", "::", ":=", ":", ".", "$", "$1", "$$",
        "$t$",
        "?", "@x", "'", "''", "\"", "\"\"", "`", "[", "]", "--", "\n", "\r", " ", "/*", "*/", ";", "(", ")", ",", "E'",
        "\\'",
        "U&'", "x'", "\\", "SELECT", "a", "1", "1e5", "->>", "é", "😹", "BEGIN", "=", "_", "e", "'q'", "\"n\"",
    ]

    @Test(arguments: [SQLDialect.sqlite, .postgresql])
    func anyTextIsReadOrRefused(dialect: SQLDialect) async {
        var random = RandomSource(seed: Self.seed)
        var read = 0
        for round in 0..<20_000 {
            if round % 10 == 0 { await Task.yield() }
            // Half of the texts are drawn from what is seldom wrong, so that many are read to the end.
            let pieces = round % 2 == 0 ? Self.pieces : Self.pieces.filter { Self.isHarmless($0) }
            let count = Int.random(in: 0...14, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let place = "seed \(Self.seed), round \(round): \(text)"
            do {
                let template = try SQLTemplate(text, dialect: dialect)
                read += 1
                #expect(!template.statements.isEmpty, "\(place)")
                check(template, Array(text.utf8), place)
            } catch {
                #expect(!error.problems.isEmpty, "\(place)")
                let offsets = error.problems.map(\.byteOffset)
                #expect(offsets == offsets.sorted() && offsets.allSatisfy { 0...text.utf8.count ~= $0 }, "\(place)")
            }
        }
        #expect(read > 2_000)
    }

    private static func isHarmless(_ piece: String) -> Bool {
        !["'", "\"", "`", "[", ".", "$", "$1", "?", "@x", ":nope", "BEGIN", "E'", "U&'", "x'", "$t$", "$$"].contains(
            piece)
    }

    /// Every parameter has a number that the text uses, every `$n` outside of quotes has a parameter, and the text
    /// between the parameters is the template's own.
    private func check(_ template: SQLTemplate, _ source: [UInt8], _ place: String) {
        var end = 0
        for statement in template.statements {
            #expect(statement.byteOffset >= end, "\(place)")
            let sql = Array(statement.sql.utf8)
            #expect(!sql.isEmpty && Set(statement.parameters).count == statement.parameters.count, "\(place)")
            for number in statement.parameters.indices {
                #expect(statement.sql.contains("$\(number + 1)"), "\(place)")
            }
            var last = statement.byteOffset
            var numbers: Set<Int> = []
            for (offset, byte) in sql.enumerated() {
                let origin = statement.sourceOffset(of: offset)
                #expect(origin >= last && origin < source.count, "\(place)")
                last = origin
                guard origin < source.count, source[origin] != byte else { continue }
                #expect(source[origin] == UInt8(ascii: ":"), "\(place)")
                if let digit = Int(String(decoding: [byte], as: UTF8.self)) { numbers.insert(digit) }
            }
            #expect(numbers == Set(1..<(statement.parameters.count + 1)), "\(place)")
            end = statement.sourceOffset(of: sql.count)
            #expect(end <= source.count && end > last, "\(place)")
        }
    }
}
