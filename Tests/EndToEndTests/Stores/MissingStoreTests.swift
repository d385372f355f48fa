import Foundation
import GRDB
import Testing

/// Files that vanish or are replaced while the fleet runs: told by name, nothing lost, and nothing else disturbed.
@Suite(.serialized, .lanes) struct MissingStoreTests {
    @Test(arguments: ["left.db", "left_copy.db"]) func storeThatIsTakenAwayAndPutBack(_ file: String) async throws {
        let ways = try await TwoWays()
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try ways.move(file, to: "away.db")
        if file == "left_copy.db" { try await ways.publish(11...20, to: ways.left) }
        try await ways.isTold(file, "removed while it was open", by: run)
        #expect(!FileManager.default.fileExists(atPath: ways.fleet.file(file)), "an empty file took its place")
        try await ways.expectRightGoesOn()
        try ways.move("away.db", to: file)
        if file == "left.db" { try await ways.publish(11...20, to: ways.left) }
        try await ways.end(run, left: 1...20)
    }

    /// No event comes any more: nothing but a look notices it.
    @Test func copyThatIsLostAndMadeAnewIsFilledAgain() async throws {
        let ways = try await TwoWays()
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try ways.move("left_copy.db", to: "away.db")
        try await ways.isTold("left_copy.db", "removed while it was open", by: run)
        #expect(try await ways.fleet.flotilla("apply").ended(0))
        try await ways.leftArrives(1...10)
        try await ways.end(run, left: 1...10)
    }

    @Test func whoeverMakesALostPublishersStoreAnewIsTold() async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...10, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try ways.left.close()
        try ways.move("left.db", to: "away.db")
        for command in ["plan", "apply"] {
            let told = try await ways.fleet.flotilla(command)
            #expect(
                told.said.contains("the store of left is a new one, and stream ways-left has 10 records of another"),
                "\(command): \(told.said)")
        }
        let again = try await ways.fleet.flotilla("plan")
        #expect(!again.said.contains("is a new one"), "\(again.said)")
    }

    /// Also where no event comes any more.
    @Test(arguments: [20, 30]) func copyThatIsReplacedByAnOlderOne(_ last: Int) async throws {
        let ways = try await TwoWays()
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try await ways.backUp("left_copy.db", to: "backup.db")
        try await ways.publish(11...20, to: ways.left)
        try await ways.leftArrives(1...20)
        try ways.move("left_copy.db", to: "away.db")
        try ways.move("backup.db", to: "left_copy.db")
        if last > 20 {
            try await ways.publish(21...last, to: ways.left)
            try await ways.expectRightGoesOn()
        }
        try await ways.leftArrives(1...last)
        try await ways.end(run, left: 1...last)
    }

    @Test func publisherThatIsReplacedByAnOlderOne() async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...10, to: ways.left)
        try await ways.backUp("left.db", to: "backup.db")
        let run = try await ways.fleet.startRun()
        try await ways.leftArrives(1...10)
        try ways.left.close()
        try ways.move("left.db", to: "away.db")
        try ways.move("backup.db", to: "left.db")
        // Its ten events come once more, under their old ids.
        let left = try ways.fleet.store("left.db")
        try await ways.publish(11...20, to: left)
        try await ways.expectRightGoesOn()
        try await ways.end(run, left: 1...20)
        #expect(try await left.integer("SELECT count(*) FROM outbox") == 0)
    }

    @Test func copyThatIsOverwrittenWithRubbish() async throws {
        let ways = try await TwoWays()
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try await ways.backUp("left_copy.db", to: "backup.db")
        try ways.fleet.write(String(repeating: "rubbish ", count: 4000), to: "rubbish.db")
        try ways.move("left_copy.db", to: "away.db")
        try ways.move("rubbish.db", to: "left_copy.db")
        try await ways.publish(11...20, to: ways.left)
        try await ways.isTold("left_copy.db", "not a SQLite database", by: run)
        try await ways.expectRightGoesOn()
        try ways.move("backup.db", to: "left_copy.db")
        try await ways.end(run, left: 1...20)
    }

    @Test(arguments: ["left.db", "left_copy.db"]) func storeThatIsRubbishAtTheStart(_ file: String) async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...10, to: ways.left)
        try ways.left.close()
        try await ways.backUp(file, to: "backup.db")
        try ways.move(file, to: "away.db")
        try ways.fleet.write(String(repeating: "rubbish ", count: 4000), to: file)
        let run = try await ways.fleet.startRun()
        try await ways.isTold(file, "not a SQLite database", by: run)
        try await ways.expectRightGoesOn()
        try ways.move("backup.db", to: file)
        try await ways.end(run, left: 1...10)
    }

    /// The middle of a database, where its head is still right.
    @Test func copyThatIsDamagedInTheMiddle() async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...500, to: ways.left, padding: 100)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try await ways.backUp("left_copy.db", to: "backup.db")
        let file = try #require(FileHandle(forUpdatingAtPath: ways.fleet.file("left_copy.db")))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4096))
        try file.close()
        try await ways.publish(501...510, to: ways.left)
        let run = try await ways.fleet.startRun()
        try await ways.isTold("left_copy.db", "is damaged", by: run)
        try await ways.expectRightGoesOn()
        try ways.move("backup.db", to: "left_copy.db")
        try await ways.end(run, left: 1...510)
    }

    @Test func streamThatIsTakenAwayAndPutBack() async throws {
        let ways = try await TwoWays()
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try ways.move(".flotilla/streams/ways-left.db", to: "away.db")
        try await ways.publish(11...20, to: ways.left)
        try await ways.isTold("ways-left.db", "missing", by: run)
        #expect(try await ways.left.integer("SELECT count(*) FROM outbox") == 10)
        try await ways.expectRightGoesOn()
        try ways.move("away.db", to: ".flotilla/streams/ways-left.db")
        try await ways.end(run, left: 1...20)
    }

    /// A stream of which nothing is appended any more, and which is read only.
    @Test func streamThatIsDamagedAndRestored() async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...500, to: ways.left, padding: 100)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try await ways.backUp(".flotilla/streams/ways-left.db", to: "backup.db")
        let file = try #require(FileHandle(forUpdatingAtPath: ways.fleet.file(".flotilla/streams/ways-left.db")))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 8192)
        try file.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 8192))
        try file.close()
        // The view forgets all, and asks for the stream from its beginning.
        try await ways.fleet.store("left_copy.db").write { database in
            try database.execute(
                sql: "DELETE FROM flotilla_subscriptions; DELETE FROM flotilla_inbox; DELETE FROM things")
        }
        let run = try await ways.fleet.startRun()
        try await ways.isTold("ways-left.db", "is damaged", by: run)
        try await ways.expectRightGoesOn()
        try ways.move("backup.db", to: ".flotilla/streams/ways-left.db")
        try await ways.end(run, left: 1...500)
    }

    /// An empty stream in the place of a lost one is a gap, and never passes for the old one.
    @Test func streamThatIsLostIsAGapThatIsSaid() async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...10, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try ways.move(".flotilla/streams/ways-left.db", to: "away.db")
        let refused = try await ways.fleet.flotilla("run", "--until-idle")
        #expect(refused.ended(1))
        #expect(refused.errors.contains("ways-left"), "\(refused.said)")
        #expect(try await ways.fleet.flotilla("apply").ended(0))
        let run = try await ways.fleet.startRun()
        try await ways.isTold("ways-left", "made anew", by: run)
        try await ways.expectRightGoesOn()
        run.kill()
        try await run.end()
        #expect(try await ways.copied("left_copy.db") == Array(1...10))
        let idle = try await ways.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(69), "\(idle.said)")
    }

    /// What is written into an empty stream that took the place of a lost one must reach the views, or the gap must go on
    /// being told: also once the new stream is longer than what a view has read of the old one.
    @Test func newStreamInThePlaceOfALostOneIsNeverSkipped() async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...3, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try ways.move(".flotilla/streams/ways-left.db", to: "away.db")
        #expect(try await ways.fleet.flotilla("apply").ended(0))
        try await ways.publish(4...8, to: ways.left)
        let idle = try await ways.fleet.flotilla("run", "--until-idle")
        let copied = try await ways.copied("left_copy.db")
        #expect(idle.ended(69), "\(idle.said)")
        #expect(copied == [1, 2, 3], "\(copied), \(idle.said)")
        #expect(try await ways.fleet.flotilla("views", "rebuild", "left_things").ended(0))
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await ways.copied("left_copy.db") == Array(4...8))
    }
    /// An older copy of a stream is shorter than what a view has read of it, and told; so it must be once what was appended
    /// since has filled the gap.
    @Test(arguments: [5, 20]) func olderCopyOfAStreamIsTold(_ appended: Int) async throws {
        let ways = try await TwoWays()
        let stream = ".flotilla/streams/ways-left.db"
        try await ways.publish(1...10, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try await ways.backUp(stream, to: "older.db")
        try await ways.publish(11...20, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try ways.move(stream, to: "newer.db")
        try await ways.backUp("older.db", to: stream)

        try await ways.publish(21...20 + appended, to: ways.left)
        let words = appended < 10 ? "ends at position 15, before position 20" : "another record at position 20"
        let run = try await ways.fleet.startRun()
        try await ways.isTold("ways-left", words, by: run)
        try await ways.expectRightGoesOn()
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let idle = try await ways.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(69), "\(idle.said)")
        #expect(idle.errors.contains("flotilla views rebuild"), "\(idle.said)")
        #expect(try await ways.copied("left_copy.db") == Array(1...20))

        // What the older copy lacks is lost with the newer; the view is built from what there is, and goes on.
        #expect(try await ways.fleet.flotilla("views", "rebuild", "left_things").ended(0))
        try await ways.publish(50...51, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await ways.copied("left_copy.db") == Array(1...10) + Array(21...20 + appended) + [50, 51])
    }

    @Test func newestCopyOfAStreamThatIsPutBackIsReadOn() async throws {
        let ways = try await TwoWays()
        let stream = ".flotilla/streams/ways-left.db"
        try await ways.publish(1...10, to: ways.left)
        #expect(try await ways.fleet.flotilla("run", "--until-idle").ended(0))
        try await ways.backUp(stream, to: "copy.db")
        try ways.move(stream, to: "away.db")
        try await ways.backUp("copy.db", to: stream)
        let run = try await ways.fleet.startRun()
        try await ways.publish(11...20, to: ways.left)
        try await ways.end(run, left: 1...20)
    }
}
