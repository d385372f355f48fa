import FleetCore
import PGOutput

/// A message assembled by hand from the documentation, and what it says.
struct Golden: Sendable, CustomStringConvertible {
    let version: ProtocolVersion
    let isInStream: Bool
    let kind: MessageKind
    let bytes: [UInt8]
    /// In the words of ``Telling``.
    let told: String

    var description: String { "\(kind), version \(version.rawValue)\(isInStream ? ", in a stream" : "")" }

    /// A decoder that knows the tables 16385 and 16386, and in which a stream is open where this message needs one.
    func makeDecoder() throws -> PGOutputDecoder {
        var decoder = PGOutputDecoder(version: version)
        _ = try decoder.decode(Golden.outbox)
        _ = try decoder.decode(Golden.wide)
        if isInStream { _ = try decoder.decode(Golden.streamStart) }
        return decoder
    }
}

extension Golden {
    /// shop.outbox (id uuid, the key; note text), number 16385.
    static let outbox = hex(
        "52 | 00004001 | \(text("shop")) \(text("outbox")) | 64 | 0002"
            + "| 01 \(text("id")) 00000B86 FFFFFFFF | 00 \(text("note")) 00000019 FFFFFFFF")
    /// pg_catalog.wide (a int4, b numeric(8,2), c text), number 16386, all of it its replica identity.
    static let wide = hex(
        "52 | 00004002 | 00 \(text("wide")) | 66 | 0003"
            + "| 01 \(text("a")) 00000017 FFFFFFFF | 01 \(text("b")) 000006A4 00080006 | 01 \(text("c")) 00000019 FFFFFFFF"
    )
    /// The first piece of transaction 800.
    static let streamStart = hex("53 | 00000320 | 01")

    /// 2026-11-21T10:00:00.123456Z.
    private static let time = "000303C531442A40"
    /// 16/B374D848.
    private static let place = "00000016B374D848"
    /// 16/B374D890.
    private static let end = "00000016B374D890"

    private static func make(
        _ kind: MessageKind, _ fields: String, _ told: String, from first: ProtocolVersion = .one
    ) -> [Golden] {
        ProtocolVersion.allCases.filter { $0 >= first }.map { version in
            let letter = digits(of: String(UnicodeScalar(kind.rawValue)))
            return Golden(
                version: version, isInStream: false, kind: kind, bytes: hex(letter + fields),
                told: told.isEmpty ? "\(kind):" : "\(kind): \(told)")
        }
    }

    /// Outside a stream, and in one with the number of the sub-transaction 801 in front.
    private static func makeData(_ kind: MessageKind, _ fields: String, _ told: String) -> [Golden] {
        let streamed = make(kind, "00000321" + fields, "in 801, \(told)", from: .two).map {
            Golden(version: $0.version, isInStream: true, kind: kind, bytes: $0.bytes, told: $0.told)
        }
        return make(kind, fields, told) + streamed
    }

    static let all: [Golden] = transactions + data + streams + twoPhase

    private static let transactions =
        make(.begin, "\(place) | \(time) | 000002E9", "745 at 2026-11-21T10:00:00.123456Z, commit 16/B374D848")
        + make(.commit, "00 | \(place) | \(end) | \(time)", "16/B374D848 to 16/B374D890, 2026-11-21T10:00:00.123456Z")
        + make(.origin, "\(place) | \(text("elsewhere"))", "elsewhere, 16/B374D848")

    private static let data =
        makeData(
            .relation, "00004003 | \(text("shop")) \(text("näher")) | 69 | 0001 | 01 \(text("ключ")) 00000014 FFFFFFFF",
            "16387 shop.näher index [ключ key 20 -1]")
        + makeData(.relation, "00004003 | 00 \(text("none")) | 6E | 0000", "16387 pg_catalog.none nothing []")
        + makeData(.type, "00004010 | \(text("shop")) \(text("mood"))", "16400 shop.mood")
        + makeData(
            .insert, "00004001 | 4E 0002 | 74 00000003 \(digits(of: "k 1")) | 6E",
            "16385 nothing [] [text \"k 1\", null]")
        + makeData(
            .insert, "00004002 | 4E 0003 | 62 00000004 0000002A | 74 00000000 | 75",
            "16386 nothing [] [binary 0000002a, text \"\", unchanged]")
        + makeData(
            .update, "00004001 | 4E 0002 | 74 00000001 31 | 75", "16385 nothing [] [text \"1\", unchanged]")
        + makeData(
            .update,
            "00004001 | 4B 0002 | 74 00000001 31 | 6E | 4E 0002 | 74 00000001 32 | 74 00000002 \(digits(of: "é"))",
            "16385 key [text \"1\", null] [text \"2\", text \"é\"]")
        + makeData(
            .update,
            "00004002 | 4F 0003 | 6E | 6E | 74 00000001 61 | 4E 0003 | 74 00000001 37 | 74 00000004 372E3530 | 6E",
            "16386 row [null, null, text \"a\"] [text \"7\", text \"7.50\", null]")
        + makeData(.delete, "00004001 | 4B 0002 | 74 00000001 31 | 6E", "16385 key [text \"1\", null] []")
        + makeData(
            .delete, "00004002 | 4F 0003 | 62 00000001 FF | 6E | 74 00000001 61",
            "16386 row [binary ff, null, text \"a\"] []")
        + makeData(.truncate, "00000002 | 03 | 00004001 | 00004002", "16385 16386 cascade restart")
        + makeData(.truncate, "00000001 | 00 | 00004002", "16386")
        + makeData(
            .logicalMessage, "01 | \(place) | \(text("flotilla")) | 00000005 \(digits(of: "hello"))",
            "16/B374D848 transactional flotilla \"hello\"")
        + makeData(
            .logicalMessage, "00 | \(place) | \(text("")) | 00000000", "16/B374D848 at once  \"\"")

    private static let streams =
        make(.streamStart, "00000320 | 01", "800 first", from: .two)
        + make(.streamStart, "00000320 | 00", "800 further", from: .two)
        + make(.streamStop, "", "", from: .two).map {
            Golden(version: $0.version, isInStream: true, kind: $0.kind, bytes: $0.bytes, told: $0.told)
        }
        + make(.origin, "\(place) | \(text("elsewhere"))", "elsewhere, 16/B374D848", from: .two).map {
            Golden(version: $0.version, isInStream: true, kind: $0.kind, bytes: $0.bytes, told: $0.told)
        }
        + make(
            .streamCommit, "00000320 | 00 | \(place) | \(end) | \(time)",
            "800, 16/B374D848 to 16/B374D890, 2026-11-21T10:00:00.123456Z", from: .two)
        + make(.streamAbort, "00000320 | 00000321", "801 of 800", from: .two)
        + make(
            .streamAbort, "00000320 | 00000320 | \(place) | \(time)",
            "800 of 800, 16/B374D848, 2026-11-21T10:00:00.123456Z", from: .four)

    private static let twoPhase =
        make(
            .beginPrepare, "\(place) | \(end) | \(time) | 000002E9 | \(text("gid 1"))",
            "745 \"gid 1\", 16/B374D848 to 16/B374D890, 2026-11-21T10:00:00.123456Z", from: .three)
        + make(
            .prepare, "00 | \(place) | \(end) | \(time) | 000002E9 | \(text("gid 1"))",
            "745 \"gid 1\", 16/B374D848 to 16/B374D890, 2026-11-21T10:00:00.123456Z", from: .three)
        + make(
            .streamPrepare, "00 | \(place) | \(end) | \(time) | 000002E9 | \(text("gid 1"))",
            "745 \"gid 1\", 16/B374D848 to 16/B374D890, 2026-11-21T10:00:00.123456Z", from: .three)
        + make(
            .commitPrepared, "00 | \(place) | \(end) | \(time) | 000002E9 | \(text("gid 1"))",
            "745 \"gid 1\", 16/B374D848 to 16/B374D890, 2026-11-21T10:00:00.123456Z", from: .three)
        + make(
            .rollbackPrepared, "00 | \(place) | \(end) | \(time) | 000303C531442A41 | 000002E9 | \(text("gid 1"))",
            "745 \"gid 1\", 16/B374D848 to 16/B374D890, "
                + "2026-11-21T10:00:00.123456Z, undone 2026-11-21T10:00:00.123457Z",
            from: .three)
}
