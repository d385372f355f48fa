import FleetCore
import PGOutput
import Testing

/// What a decoder refuses, and what it says of it.
@Suite struct RefusalTests {
    struct Refusal: Sendable, CustomStringConvertible {
        let name: String
        let bytes: [UInt8]
        let offset: Int
        let problem: PGOutputError.Problem
        let isInStream: Bool

        init(_ name: String, _ digits: String, at offset: Int, _ problem: PGOutputError.Problem, inStream: Bool = false)
        {
            self.name = name
            bytes = hex(digits)
            self.offset = offset
            self.problem = problem
            isInStream = inStream
        }

        var description: String { name }
    }

    static let place = "00000016B374D848"
    static let refusals: [Refusal] = [
        Refusal("a kind that does not exist", "7A 00", at: 0, .unknownKind(0x7A)),
        Refusal("nothing at all", "", at: 0, .empty),
        Refusal("a row of a table never described", "49 00000007 4E 0000", at: 1, .unknownRelation(RelationID(7))),
        Refusal(
            "a table emptied that was never described", "54 00000002 00 00004001 00000007", at: 10,
            .unknownRelation(RelationID(7))),
        Refusal(
            "fewer columns than the table has", "49 00004001 4E 0001 6E", at: 6,
            .columnCountDiffers(described: 2, found: 1)),
        Refusal(
            "more columns than the table has", "49 00004001 4E 0003 6E 6E 6E", at: 6,
            .columnCountDiffers(described: 2, found: 3)),
        Refusal(
            "an old key with fewer columns", "44 00004001 4B 0001 6E", at: 6,
            .columnCountDiffers(described: 2, found: 1)),
        Refusal("a negative count of columns", "49 00004001 4E FFFF", at: 6, .negativeCount(-1)),
        Refusal("an absurd count of columns", "49 00004001 4E 7FFF", at: 6, .tooManyColumns(32_767)),
        Refusal("a negative length", "49 00004001 4E 0002 74 FFFFFFFF 6E", at: 9, .negativeLength(-1)),
        Refusal("the least length", "49 00004001 4E 0002 62 80000000 6E", at: 9, .negativeLength(-2_147_483_648)),
        Refusal("a length past the end", "49 00004001 4E 0002 74 00000004 313233", at: 13, .endsTooEarly(needed: 1)),
        Refusal(
            "the greatest length", "49 00004001 4E 0002 74 7FFFFFFF 3132", at: 13,
            .endsTooEarly(needed: 2_147_483_645)),
        Refusal("a column that is nothing known", "49 00004001 4E 0002 78 6E", at: 8, .unknownColumnKind(0x78)),
        Refusal("an Insert with an old row", "49 00004001 4F 0002 6E 6E", at: 5, .unknownRowKind(0x4F)),
        Refusal("a Delete with a new row", "44 00004001 4E 0002 6E 6E", at: 5, .unknownRowKind(0x4E)),
        Refusal(
            "an Update with two old rows", "55 00004001 4B 0002 6E 6E 4B 0002 6E 6E", at: 10, .unknownRowKind(0x4B)),
        Refusal("a table's name without an end", "52 00004003 00 6162", at: 6, .missingTerminator),
        Refusal("a table's name that is not UTF-8", "52 00004003 00 61C3 00 64 0000", at: 6, .invalidUTF8),
        Refusal("a schema with a surrogate", "52 00004003 EDA080 00 61 00 64 0000", at: 5, .invalidUTF8),
        Refusal(
            "a column's name that is not UTF-8", "52 00004003 00 6100 64 0001 00 FF00 00000019 FFFFFFFF", at: 12,
            .invalidUTF8),
        Refusal(
            "a replica identity that is nothing known", "52 00004003 00 6100 78 0000", at: 8,
            .unknownReplicaIdentity(0x78)),
        Refusal("a table of -1 columns", "52 00004003 00 6100 64 FFFF", at: 9, .negativeCount(-1)),
        Refusal("a table of 1,601 columns", "52 00004003 00 6100 64 0641", at: 9, .tooManyColumns(1_601)),
        Refusal(
            "a column with a flag that is not known", "52 00004003 00 6100 64 0001 02 6100 00000019 FFFFFFFF",
            at: 11, .unknownFlags(2)),
        Refusal("a type's name that is not UTF-8", "59 00004010 00 80 00", at: 6, .invalidUTF8),
        Refusal("an origin's name that is not UTF-8", "4F \(place) F8 00", at: 9, .invalidUTF8),
        Refusal("-1 tables emptied", "54 FFFFFFFF 00", at: 1, .negativeCount(-1)),
        Refusal(
            "2,147,483,647 tables emptied", "54 7FFFFFFF 00 00004001", at: 6,
            .endsTooEarly(needed: 4 * 2_147_483_647 - 4)),
        Refusal("a Truncate with a flag that is not known", "54 00000001 04 00004001", at: 5, .unknownFlags(4)),
        Refusal("a Message with a flag that is not known", "4D 02 \(place) 00 00000000", at: 1, .unknownFlags(2)),
        Refusal("a Message of -1 bytes", "4D 00 \(place) 00 FFFFFFFF", at: 11, .negativeLength(-1)),
        Refusal("a Message with a prefix that is not UTF-8", "4D 00 \(place) C0AF00 00000000", at: 10, .invalidUTF8),
        Refusal("a Commit with a flag", "43 01 \(place) \(place) \(place)", at: 1, .unknownFlags(1)),
        Refusal("a Begin without a place", "42 0000000000000000 \(place) 00000001", at: 1, .zero),
        Refusal("a Begin without a transaction", "42 \(place) \(place) 00000000", at: 17, .zero),
        Refusal("a Prepare without an end", "50 00 \(place) 0000000000000000 \(place) 00000001 00", at: 10, .zero),
        Refusal("Stream Stop without a stream", "45", at: 0, .noStream),
        Refusal(
            "Stream Start in a stream", "53 00000321 01", at: 0, .streamInStream(TransactionID(800)), inStream: true),
        Refusal("Stream Commit in a stream", "63", at: 0, .notInStream(TransactionID(800)), inStream: true),
        Refusal("Stream Abort in a stream", "41", at: 0, .notInStream(TransactionID(800)), inStream: true),
        Refusal("Begin in a stream", "42", at: 0, .notInStream(TransactionID(800)), inStream: true),
        Refusal("Commit in a stream", "43", at: 0, .notInStream(TransactionID(800)), inStream: true),
        Refusal(
            "a streamed row without a transaction", "49 00000000 00004001 4E 0002 6E 6E", at: 1, .zero,
            inStream: true),
    ]

    @Test(arguments: refusals) func isRefused(_ refusal: Refusal) throws {
        var decoder = PGOutputDecoder(version: .four)
        _ = try decoder.decode(Golden.outbox)
        if refusal.isInStream { _ = try decoder.decode(Golden.streamStart) }
        let open = decoder.openStream
        let error = #expect(throws: PGOutputError.self) { try decoder.decode(refusal.bytes) }
        #expect(error?.problem == refusal.problem)
        #expect(error?.offset == refusal.offset)
        #expect(decoder.openStream == open)
    }

    @Test func anErrorSaysWhatIsWrongAndWhere() throws {
        var decoder = PGOutputDecoder(version: .one)
        _ = try decoder.decode(Golden.outbox)
        func told(_ digits: String) -> String? {
            let bytes = hex(digits)
            do {
                return "\(try decoder.decode(bytes))"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            told("49 00004001 4E 0001 6E")
                == "Insert message, byte 6: the row has 1 columns, and its table was described with 2")
        #expect(told("44 00004001 4B 0002 74 0000") == "Delete message, byte 9: it ends where 2 more bytes are needed")
        #expect(told("7A") == "message, byte 0: no message begins with byte 122")
        #expect(told("53 00000320 01") == "Stream Start message, byte 0: it needs version 2 of the protocol")
        #expect(told("49 00000007") == "Insert message, byte 1: table 7 was not described before")
    }

    @Test func onlySoManyTablesAreRemembered() throws {
        var decoder = PGOutputDecoder(version: .one, relationLimit: 2)
        func describe(_ id: String) throws {
            let bytes = hex("52 \(id) 00 \(text("t\(id)")) 64 0000")
            _ = try decoder.decode(bytes)
        }
        try describe("00000001")
        try describe("00000002")
        let error = #expect(throws: PGOutputError.self) { try describe("00000003") }
        #expect(error?.problem == .tooManyRelations(limit: 2))
        #expect(decoder.relation(RelationID(3)) == nil)
        try describe("00000002")
        #expect(decoder.relation(RelationID(2))?.name == "t00000002")
    }

    @Test func aTableDescribedAnewChangesTheRowsThatFollow() throws {
        var decoder = PGOutputDecoder(version: .one)
        _ = try decoder.decode(Golden.outbox)
        let two = hex("49 00004001 4E 0002 6E 6E")
        let three = hex("49 00004001 4E 0003 6E 6E 6E")
        _ = try decoder.decode(two)
        let first = decoder.relation(RelationID(16385))
        let wider = hex(
            "52 00004001 \(text("shop")) \(text("outbox")) 64 0003 01 \(text("id")) 00000B86 FFFFFFFF"
                + "00 \(text("note")) 00000019 FFFFFFFF 00 \(text("more")) 00000019 FFFFFFFF")
        _ = try decoder.decode(wider)
        let second = decoder.relation(RelationID(16385))
        #expect(first?.version != second?.version)
        #expect(second?.columns.map(\.name) == ["id", "note", "more"])
        #expect(throws: PGOutputError.self) { try decoder.decode(two) }
        _ = try decoder.decode(three)
        #expect(decoder.newColumns.count == 3)
    }
}
