import PGOutput
import Testing

/// What a real server sent.
@Suite struct RecordingTests {
    @Test func isDecoded() throws {
        var decoder = PGOutputDecoder(version: .three)
        let told = try Recording.messages.map { bytes in
            let message = try decoder.decode(bytes)
            return Telling(decoder: decoder, bytes: bytes)(message)
        }
        let long = String(repeating: "x", count: 130)
        for (told, expected) in zip(told, RecordingTests.expected.split(separator: "\n")) {
            #expect(told.replacing(long, with: "x…x") == expected)
        }
        #expect(told.count == 65)
    }

    /// Written by this decoder, and compared line by line with the statements.
    static let expected = """
        Begin: 749 at 2026-11-21T04:20:57.080320Z, commit 0/15D21C0
        Type: 16416 shop.mood
        Relation: 16422 shop.outbox primaryKey [sequence key 20 -1, id 2950 -1, aggregatetype 25 -1, payload 25 -1, m 16416 -1]
        Insert: 16422 nothing [] [text "1", text "0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f7", text "order", text "{"ä":1}", text "ok"]
        Insert: 16422 nothing [] [text "2", text "0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f8", null, text "x…x", null]
        Message: 0/15D0E20 transactional flotilla "hello"
        Update: 16422 nothing [] [text "2", text "0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f8", text "x", text "x…x", null]
        Update: 16422 key [text "1", null, null, null, null] [text "3", text "0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f7", text "order", text "{"ä":1}", text "ok"]
        Relation: 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Insert: 16429 nothing [] [text "1", text "one"]
        Update: 16429 row [text "1", text "one"] [text "1", text "two"]
        Delete: 16429 row [text "1", text "two"] []
        Delete: 16422 key [text "2", null, null, null, null] []
        Type: 16416 shop.mood
        Relation: 16422 shop.outbox primaryKey [sequence key 20 -1, id 2950 -1, aggregatetype 25 -1, payload 25 -1, m 16416 -1]
        Relation: 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Truncate: 16422 16429 cascade restart
        Commit: 0/15D21C0 to 0/15D23A8, 2026-11-21T04:20:57.080320Z
        Message: 0/15D23F0 at once flotilla "at once"
        Begin: 750 at 2026-11-21T10:00:00Z, commit 0/15D2438
        Origin: elsewhere, 0/ABCDEF01
        Relation: 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Insert: 16429 nothing [] [text "2", text "from afar"]
        Commit: 0/15D2438 to 0/15D2480, 2026-11-21T10:00:00Z
        Stream Start: 751 first
        Relation: in 751, 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Insert: in 751, 16429 nothing [] [text "1", text "top"]
        Insert: in 752, 16429 nothing [] [text "185", text "a"]
        Stream Stop:
        Stream Start: 751 further
        Insert: in 752, 16429 nothing [] [text "186", text "a"]
        Insert: in 752, 16429 nothing [] [text "263", text "a again"]
        Stream Stop:
        Stream Abort: 753 of 751
        Stream Abort: 752 of 751
        Stream Start: 751 further
        Relation: in 754, 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Insert: in 754, 16429 nothing [] [text "7", text "end"]
        Stream Stop:
        Stream Commit: 751, 0/15E4560 to 0/15E4598, 2026-11-21T04:20:57.081651Z
        Stream Start: 755 first
        Relation: in 755, 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Insert: in 755, 16429 nothing [] [text "1", text "gone"]
        Insert: in 755, 16429 nothing [] [text "479", text "gone"]
        Stream Stop:
        Stream Abort: 755 of 755
        Begin Prepare: 756 "gid-1", 0/15EC368 to 0/15EC460, 2026-11-21T04:20:57.082022Z
        Insert: 16429 nothing [] [text "3", text "prepared"]
        Prepare: 756 "gid-1", 0/15EC368 to 0/15EC460, 2026-11-21T04:20:57.082022Z
        Commit Prepared: 756 "gid-1", 0/15EC460 to 0/15EC498, 2026-11-21T04:20:57.082071Z
        Begin Prepare: 757 "gid-2", 0/15EC4E0 to 0/15EC5D8, 2026-11-21T04:20:57.082149Z
        Insert: 16429 nothing [] [text "4", text "prepared"]
        Prepare: 757 "gid-2", 0/15EC4E0 to 0/15EC5D8, 2026-11-21T04:20:57.082149Z
        Rollback Prepared: 757 "gid-2", 0/15EC5D8 to 0/15EC610, 2026-11-21T04:20:57.082149Z, undone 2026-11-21T04:20:57.082175Z
        Stream Start: 758 first
        Relation: in 758, 16429 shop.plain allColumns [a key 23 -1, b key 1043 44]
        Insert: in 758, 16429 nothing [] [text "1", text "p"]
        Insert: in 758, 16429 nothing [] [text "490", text "p"]
        Stream Stop:
        Stream Start: 758 further
        Insert: in 758, 16429 nothing [] [text "491", text "p"]
        Insert: in 758, 16429 nothing [] [text "500", text "p"]
        Stream Stop:
        Stream Prepare: 758 "gid-3", 0/15F4370 to 0/15F4468, 2026-11-21T04:20:57.082446Z
        Commit Prepared: 758 "gid-3", 0/15F4468 to 0/15F44A0, 2026-11-21T04:20:57.082482Z
        """
}
