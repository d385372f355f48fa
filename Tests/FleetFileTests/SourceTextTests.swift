import FleetFile
import Testing

@Suite struct SourceTextTests {
    @Test func bytesOfALiteralBlockAreFound() {
        let place = SourceLocation(file: "fleet.yaml", line: 4, column: 13)
        let text = SourceText("one\ntwo ä three\n", at: place, layout: .literalBlock(firstLine: 5, column: 9))
        #expect(text.location(ofByte: 0) == SourceLocation(file: "fleet.yaml", line: 5, column: 9))
        #expect(text.location(ofByte: 11) == SourceLocation(file: "fleet.yaml", line: 6, column: 15))
    }
}
