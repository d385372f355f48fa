import Foundation
import GRDB
import Testing

/// `flotilla replay`: one view takes events again, and no other.
@Suite(.serialized, .lanes) struct ReplayTests {
    private func idle(_ setting: FlowFleet) async throws {
        let idle = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
    }

    @Test func eventsFromAPositionOnTakeEffectAgainInOneView() async throws {
        let setting = try await FlowFleet()
        try await setting.make(1...10)
        try await idle(setting)
        let told = try await setting.does("replay", "copies.ledger", "--position", "8", "--dry-run")
        #expect(
            told.contains("flow-maker: 3 records, from record 8, appended") && told.contains("to record 10"), "\(told)")
        #expect(!told.contains("takes"))
        try await idle(setting)
        #expect(try await setting.ledger() == Array(1...10))
        #expect(try await setting.does("replay", "copies.ledger", "--position", "8").contains("takes 3 records again"))
        try await idle(setting)
        #expect(try await setting.ledger() == Array(1...10) + [8, 9, 10])
        // Another subscription hears nothing of it.
        try await eventually("each took effect once") { try await setting.times() == Array(repeating: 1, count: 10) }
        #expect(try await setting.does("replay", "copies.latest", "--position", "1").contains("takes 10 records again"))
        try await idle(setting)
        try await eventually("each took effect once") { try await setting.times() == Array(repeating: 2, count: 10) }
        let nothing = try await setting.does("replay", "copies.latest", "--position", "11")
        #expect(nothing.contains("has taken nothing since then"), "\(nothing)")
    }

    @Test func aRunNoticesAtOnceThoughItsStreamIsIdle() async throws {
        let setting = try await FlowFleet()
        let run = try await setting.fleet.startRun()
        try await setting.make(1...10)
        try await setting.arrives(Array(1...10))
        for turn in 1...3 {
            try await setting.does("replay", "copies.ledger", "--position", "10")
            try await setting.arrives(Array(1...10) + Array(repeating: 10, count: turn))
        }
        #expect(!run.errors.contains(" waits: "), "\(run.errors)")
        // And it goes on from there.
        try await setting.make(11...12)
        try await setting.arrives(Array(1...10) + [10, 10, 10, 11, 12])
        try await setting.end(run)
    }

    /// While events are carried as fast as they can be, the view is taken back again and again.
    @Test func aViewThatIsAtWorkIsTakenBackCleanly() async throws {
        let setting = try await FlowFleet()
        let run = try await setting.fleet.startRun()
        for turn in 0..<5 {
            try await setting.make(turn * 1000 + 1...turn * 1000 + 1000)
            try await eventually("some arrive") { try await setting.times().count > turn * 1000 }
            try await setting.does("replay", "copies.latest", "--position", "1")
        }
        try await eventually("all arrive") { try await setting.times().count == 5000 }
        try await eventually("nothing is pending") {
            try await FlowStatus.read(setting.fleet).views.allSatisfy { $0.pending == 0 }
        }
        let times = try await setting.times()
        // The first came six times; each event at least once, and none more often than the view was taken back.
        #expect(times.first == 6 && times.allSatisfy { (1...6).contains($0) }, "\(times.prefix(10))")
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 >= $1 })
        try await setting.end(run)
    }

    @Test func aTimeIsThatOfTheBroker() async throws {
        let setting = try await FlowFleet()
        try await setting.make(1...4)
        try await idle(setting)
        // Later than the first four by the broker's clock, and earlier by the writer's.
        try await setting.maker.write { database in
            try database.execute(
                sql: """
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, time)
                    VALUES (?, 'a', 'K', 'Made', '{"value": 5}', '2001-01-01T00:00:00Z')
                    """, arguments: [UUID().uuidString.lowercased()])
        }
        let file = try DatabaseQueue(path: setting.fleet.file(".flotilla/streams/flow-maker.db"))
        // The stream was appended within a moment: tell the times apart.
        try await file.write { try $0.execute(sql: "UPDATE records SET appended_at = appended_at - 3600000000") }
        try await idle(setting)
        let told = try await setting.does("replay", "copies.ledger", "--since", "30m")
        #expect(told.contains("1 record, from record 5"), "\(told)")
        try await idle(setting)
        #expect(try await setting.ledger() == [1, 2, 3, 4, 5, 5])
        #expect(try await setting.does("replay", "copies.ledger", "--since", "2h", "--dry-run").contains("5 records"))
    }

    @Test func parkedEventsComeAgainOnce() async throws {
        let setting = try await ParkedFleet()
        try await setting.sales.publish(
            ParkedFleet.sold("K", 1), ParkedFleet.sold("L", 500), ParkedFleet.sold("K", 600), ParkedFleet.sold("K", 2))
        try await setting.expectParked()
        #expect(try await setting.bills() == ["K=1"])
        try await setting.raiseLimit()
        let told = try await setting.fleet.flotilla("replay", "billing.bills", "--position", "3")
        #expect(told.ended(0) && told.output.contains("2 parked events dropped"), "\(told.said)")
        // What was parked before stays parked.
        try await setting.expectParked()
        #expect(try await setting.bills() == ["K=1", "K=600", "K=2"])
        #expect(try await setting.parked().map(\.key) == ["L"])
        #expect(try await setting.fleet.flotilla("parked", "retry").ended(0))
        #expect(try await setting.bills() == ["K=1", "K=600", "K=2", "L=500"])
    }

    @Test func whatRetentionHasDroppedIsRefused() async throws {
        let setting = try await FlowFleet(FlowFleet.yaml(broker: "{engine: embedded, retain: {age: 0s}}"))
        try await setting.make(1...10)
        try await idle(setting)
        // Everything was read: the next run trims it.
        try await eventually("all is dropped") {
            try await idle(setting)
            return try await FlowStatus.read(setting.fleet).streams[0].records?.count == 0
        }
        for arguments in [["--position", "3"], ["--since", "1h"]] {
            let program = try setting.fleet.start(["replay", "copies.latest"] + arguments)
            #expect(try await program.end() == .code(69))
            #expect(
                program.errors.contains("retention has dropped what was before record 11")
                    && program.errors.contains("flotilla views rebuild copies.latest"), "\(program.errors)")
        }
        try setting.fleet.write(FlowFleet.yaml())
        try await setting.make(11...12)
        try await idle(setting)
        let refused = try await setting.fleet.flotilla("replay", "copies.latest", "--since", "1h")
        #expect(refused.ended(69) && refused.errors.contains("--position 11 or --since 20"), "\(refused.said)")
        #expect(try await setting.does("replay", "copies.latest", "--position", "11").contains("2 records again"))
        try await idle(setting)
        try await eventually("each took effect once") {
            try await setting.times() == Array(repeating: 1, count: 10) + [2, 2]
        }
    }

    @Test(arguments: [
        (["replay", "copies.ledger"], "say from when on"),
        (["replay", "copies.ledgr", "--since", "1h"], "did you mean"),
        (["replay", "ledger", "--since", "1h"], "did you mean copies.ledger?"),
        (["replay", "copies.ledger", "--since", "1h", "--position", "1"], "say from when on"),
        (["replay", "copies.ledger", "--since", "yesterday"], "write a time as"),
        (["replay", "copies.ledger", "--since", "2999-01-01"], "is yet to come"),
        (["replay", "copies.ledger", "--position", "0"], "positions begin at 1"),
        (["replay", "copies.ledger", "--position", "-1"], "positions begin at 1"),
        (
            ["replay", "copies.ledger", "--position", "1", "--from", "copies"],
            "reads no stream of copies; it reads maker"
        ),
    ])
    func whatIsWrongIsTold(_ arguments: [String], _ words: String) async throws {
        let setting = try await FlowFleet()
        let program = try setting.fleet.start(arguments)
        #expect(try await program.end() == .code(1))
        #expect(program.errors.contains(words), "\(program.errors)")
    }
}
