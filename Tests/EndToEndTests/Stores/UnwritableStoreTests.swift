import Foundation
import GRDB
import TestKit
import Testing

/// Stores that cannot be written for a while: locked, read-only, on a full disk.
@Suite(.serialized, .lanes) struct UnwritableStoreTests {
    /// Of forty megabytes: SQLite lets a write-ahead log grow to sixteen before it writes it back.
    private static func disk() throws -> SmallDisk {
        try #require(try SmallDisk(kibibytes: 40 * 1024))
    }

    /// The one test that takes long by nature.
    @Test(arguments: ["left.db", "left_copy.db"]) func storeThatIsLockedForTenSeconds(_ file: String) async throws {
        let ways = try await TwoWays()
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        let locker = try ways.fleet.store(file)
        try await locker.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            if file == "left.db" {
                for value in 11...20 {
                    try OutboxRow(key: "K\(value % 3)", type: "Made", payload: "{\"value\": \(value)}").insert(database)
                }
            }
        }
        let begun = ContinuousClock.now
        if file == "left_copy.db" {
            try await ways.publish(11...20, to: ways.left)
            try await ways.isTold(file, "locked by another writer", by: run)
        }
        try await during(.seconds(10) - (ContinuousClock.now - begun), every: .seconds(2)) {
            try await ways.expectRightGoesOn()
        }
        #expect(try await ways.copied("left_copy.db") == Array(1...10))
        try await locker.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        try await ways.end(run, left: 1...20)
    }

    @Test(
        .enabled(if: ReadOnly.isPossible), arguments: ["left.db", "left_copy.db", ".flotilla/streams/ways-left.db"])
    func storeThatIsReadOnly(_ file: String) async throws {
        let ways = try await TwoWays()
        try await ways.publish(1...10, to: ways.left)
        try ways.left.close()
        let guarded = try ReadOnly(ways.fleet.file(file))
        let run = try await ways.fleet.startRun()
        try await ways.isTold(file, "cannot be", by: run)
        try await ways.expectRightGoesOn()
        guarded.end()
        try await ways.end(run, left: 1...10)
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func brokerOnAFullDisk() async throws {
        let disk = try Self.disk()
        let ways = try await TwoWays(state: disk.path)
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try disk.fill()
        try await ways.publish(11...400, to: ways.left, padding: 1000)
        do {
            try await eventually("the log tells") { run.errors.contains("ways-left.db is full") }
        } catch {
            throw Trouble("\(error): \(run.errors)")
        }
        #expect(try await ways.left.integer("SELECT count(*) FROM outbox") > 0)
        let status = try await ways.fleet.flotilla("status")
        #expect(status.output.contains("left outbox"), "\(status.said)")

        // A run that begins on a full disk waits as well.
        run.kill()
        try await run.end()
        let next = try ways.fleet.start("run")
        try await eventually("the next run tells") { next.errors.contains("full") || next.ended != nil }
        try disk.free()
        if next.ended == nil { next.send(SIGTERM) }
        try await next.end()
        try await ways.end(try await ways.fleet.startRun(), left: 1...400)
        #expect(try await ways.left.integer("SELECT count(*) FROM outbox") == 0)
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func runGoesOnOnceThereIsSpace() async throws {
        let disk = try Self.disk()
        let ways = try await TwoWays(state: disk.path)
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try disk.fill()
        try await ways.publish(11...400, to: ways.left, padding: 1000)
        try await eventually("the log tells") { run.errors.contains("ways-left.db is full") }
        try disk.free()
        try await eventually("the log tells that it goes on") { run.errors.contains("left outbox goes on") }
        try await ways.end(run, left: 1...400)
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func copyOnAFullDisk() async throws {
        let disk = try Self.disk()
        let ways = try await TwoWays(leftCopy: "\(disk.path)/left_copy.db")
        let run = try await ways.fleet.startRun()
        try await ways.publish(1...10, to: ways.left)
        try await ways.leftArrives(1...10)
        try disk.fill()
        try await ways.publish(11...3_000, to: ways.left)
        try await ways.isTold("left_copy.db", "is full", by: run)
        try await ways.expectRightGoesOn()
        try disk.free()
        try await ways.end(run, left: 1...3_000)
    }
}
