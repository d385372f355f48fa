import FleetCore
import FleetFile
import Foundation
import Testing

@Suite struct DocumentationTests {
    @Test func theExampleOfTheReferenceIsRight() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let reference = try String(contentsOf: root.appendingPathComponent("docs/fleet-file.md"), encoding: .utf8)
        let start = try #require(reference.range(of: "```yaml\n"))
        let end = try #require(reference.range(of: "```\n", range: start.upperBound..<reference.endIndex))
        let result = read(String(reference[start.upperBound..<end.lowerBound]))
        #expect(result.problems.isEmpty)
        #expect(result.definition?.services.map(\.name.text) == ["customers", "orders"])
    }
}
