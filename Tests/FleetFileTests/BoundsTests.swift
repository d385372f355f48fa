import FleetFile
import Foundation
import Testing

/// Files made to hurt.
@Suite struct BoundsTests {
    private static let levels = 100_000

    /// Told by number: the texts themselves would fill the test's output.
    private static let deep = [
        String(repeating: "[", count: levels), String(repeating: "{", count: levels),
        String(repeating: "{a: ", count: levels),
        String(repeating: "- ", count: levels),
        "fleet: " + String(repeating: "[", count: levels) + String(repeating: "]", count: levels),
        String(repeating: "? ", count: levels), String(repeating: "[{", count: levels),
        String(repeating: "!a ", count: levels),
        (0..<1_400).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        String(repeating: "a:\n a:", count: levels), String(repeating: "&a ", count: levels),
    ]

    @Test(arguments: deep.indices)
    func nestingIsBounded(number: Int) {
        let problems = read(Self.deep[number]).problems
        #expect(!problems.isEmpty)
        #expect(problems.count <= 201)
    }

    @Test(arguments: [(62, true), (63, false)])
    func theBoundIsExact(levels: Int, fits: Bool) throws {
        let nested = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        let problems = read("fleet: {f: \(nested)}\nservices: {a: {store: sqlite:a.db}}").problems
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.message.contains("nested deeper than 64 levels") == !fits, "\(problem)")
        #expect(problem.location.column == (fits ? 8 : 12 + 62))
    }

    @Test func aliasesCannotDeepenWithoutBound() throws {
        let lines = (1..<100).map { "a\($0): &a\($0) [*a\($0 - 1)]" }
        let text = (["a0: &a0 []"] + lines).joined(separator: "\n")
        let problems = read(text).problems.filter { $0.message.contains("nested deeper than 64 levels") }
        #expect(problems.first?.location.line == 64)
    }

    @Test func aSmallStackIsEnough() async {
        let text =
            "fleet: " + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "\n"
            + String(repeating: "{", count: Self.levels)
        let count = await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
            let thread = Thread { continuation.resume(returning: read(text).problems.count) }
            thread.stackSize = 128 << 10
            thread.start()
        }
        #expect(count == 1)
    }

    @Test func anAliasBombIsRefused() throws {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for level in 1..<40 {
            lines.append(
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]")
        }
        let problems = read(lines.joined(separator: "\n")).problems
        let bomb = try #require(problems.first { $0.message.contains("stand for more than 10000 values") })
        #expect(bomb.location.line == 4)
    }

    @Test func manyProblemsAreCut() {
        let keys = (0..<20_000).map { "key\($0): x\n" }.joined()
        let problems = read("fleet: f\nservices: {a: {store: sqlite:a.db}}\n" + keys).problems
        #expect(problems.count == 201)
        #expect(problems.last?.message == "19800 more problems are not shown")
        #expect(read("fleet: f\n" + String(repeating: "x: 1\n", count: 100_000)).problems.count == 201)
    }

    @Test func slipsAmongVeryManyNamesStayCheap() {
        let services = (0..<6_000).map { "s\($0): {store: 'sqlite:\($0).db', publishes: [A]}" }
        let references = (0..<6_000).map { "t\($0).A: S" }
        let view = "v: {store: 'sqlite:v.db', views: {v: {schema: S, when: {\(references.joined(separator: ", "))}}}}"
        #expect(read("fleet: f\nservices: {\((services + [view]).joined(separator: ", "))}").problems.count == 201)
    }

    @Test func oneLongLineCostsNoSquare() throws {
        let services = (0..<9_000).map { "s\($0): {store: 'sqlite:ä\($0).db', publishes: [A]}" }
        let result = read("fleet: f\nservices: {\(services.joined(separator: ", "))}")
        #expect(result.definition?.services.count == 9_000)
    }
}
