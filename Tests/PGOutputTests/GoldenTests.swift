import FleetCore
import PGOutput
import Testing

/// Every kind of message, in every version that has it, outside and inside of streams.
@Suite struct GoldenTests {
    @Test func everyKindIsThereInEveryVersionThatHasIt() {
        for kind in MessageKind.allCases {
            for version in ProtocolVersion.allCases where version >= kind.firstVersion {
                #expect(Golden.all.contains { $0.kind == kind && $0.version == version }, "\(kind) in \(version)")
            }
        }
    }

    @Test(arguments: Golden.all) func isDecoded(_ golden: Golden) throws {
        var decoder = try golden.makeDecoder()
        let message = try decoder.decode(golden.bytes)
        #expect(Telling(decoder: decoder, bytes: golden.bytes)(message) == golden.told)
    }

    /// Cut anywhere, it is refused: with an error about this kind of message, at a byte that it has. (Where Stream Abort
    /// may end in two places, cutting one form gives the other.)
    @Test(arguments: Golden.all) func isRefusedWhereverItIsCut(_ golden: Golden) throws {
        let before = try golden.makeDecoder()
        for count in 0..<golden.bytes.count {
            if golden.kind == .streamAbort, golden.bytes.count == 25, count == 9 { continue }
            let cut = Array(golden.bytes[..<count])
            var decoder = before
            let error = #expect(throws: PGOutputError.self, "\(count) bytes of \(golden)") {
                try decoder.decode(cut)
            }
            guard let error else { continue }
            #expect(error.subject == (count == 0 ? .unknown : .message(golden.kind)))
            #expect((0...count).contains(error.offset))
            #expect(decoder.openStream == before.openStream)
            #expect(decoder.relation(RelationID(16387)) == nil)
        }
    }

    @Test(arguments: Golden.all) func isRefusedWithAByteTooMany(_ golden: Golden) throws {
        var decoder = try golden.makeDecoder()
        let longer = golden.bytes + [0]
        let error = #expect(throws: PGOutputError.self) { try decoder.decode(longer) }
        if golden.kind == .streamAbort, golden.version == .four, golden.bytes.count == 9 {
            #expect(error?.problem == .endsTooEarly(needed: 7))
        } else {
            #expect(error?.problem == .trailingBytes(1))
            #expect(error?.offset == golden.bytes.count)
        }
    }

    @Test(arguments: Golden.all) func isRefusedInAVersionThatDoesNotHaveIt(_ golden: Golden) throws {
        for version in ProtocolVersion.allCases where version < golden.kind.firstVersion {
            var decoder = PGOutputDecoder(version: version)
            let error = #expect(throws: PGOutputError.self) { try decoder.decode(golden.bytes) }
            #expect(error?.problem == .needsVersion(golden.kind.firstVersion))
        }
    }

    /// A row's values are found, copied and read from a buffer that is not Swift's, as a database library hands it out.
    @Test func valuesAreReadFromABufferOfSomebodyElse() throws {
        var decoder = PGOutputDecoder(version: .one)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        _ = try decoder.decode(Golden.outbox)
        let insert = hex("49 | 00004001 | 4E 0002 | 74 00000003 \(digits(of: "k 1")) | 6E")
        buffer.copyBytes(from: insert)
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<insert.count]).bytes
        guard case .insert(let row) = try decoder.decode(bytes) else {
            Issue.record("no Insert")
            return
        }
        #expect(decoder.relation(row.relation)?.columns[0].name == "id")
        #expect(bytes.copy(of: decoder.newColumns[0]) == Array("k 1".utf8))
        #expect(bytes.text(of: decoder.newColumns[0].bytes) == "k 1")
        #expect(bytes.copy(of: decoder.newColumns[1]) == nil)
        #expect(bytes.extracting(decoder.newColumns[0].bytes.range).byteCount == 3)
    }
}
