import Foundation
import GRDB
import Testing

/// `flotilla pause` and `resume`, with the state in a directory.
@Suite(.serialized, .lanes) struct PauseTests {
    @Test func aPausedOutboxKeepsItsEventsAndLosesNone() async throws {
        let setting = try await FlowFleet()
        let run = try await setting.fleet.startRun()
        try await setting.make(1...50)
        try await setting.arrives(Array(1...50))
        // The command returns when the run has said that the outbox rests.
        #expect(try await setting.does("pause", "maker", "--reason", "a new disk").contains("paused maker"))
        try await setting.make(51...80)
        #expect(try await setting.does("pause", "maker").contains("maker is paused already since"))
        #expect(try await setting.waiting() == 30)
        let status = try await FlowStatus.read(setting.fleet)
        #expect(status.streams[0].paused?.reason == "a new disk" && status.streams[0].pending == 30)
        #expect(status.streams[0].captured?.lagEvents == 30 && status.streams[0].broker?.lagEvents == 0)
        let text = try await setting.does("status")
        #expect(text.contains("maker is paused since") && text.contains("a new disk"), "\(text)")
        #expect(try await setting.ledger() == Array(1...50))
        #expect(try await setting.does("resume", "maker").contains("resumed maker"))
        try await setting.arrives(Array(1...80))
        #expect(try await setting.does("resume", "maker").contains("is not paused, nothing to do"))
        try await eventually("each took effect once") { try await setting.times() == Array(repeating: 1, count: 80) }
        #expect(try await FlowStatus.read(setting.fleet).paused.isEmpty)
        try await setting.end(run)
    }

    @Test func aPausedViewRestsAloneAndItsStreamIsKept() async throws {
        let setting = try await FlowFleet(
            FlowFleet.yaml(broker: "{engine: embedded, retain: {age: 0s}}"))
        let run = try await setting.fleet.startRun()
        try await setting.make(1...20)
        try await setting.arrives(Array(1...20))
        try await setting.does("pause", "copies.ledger")
        try await setting.make(21...60)
        try await eventually("the other view goes on") { try await setting.times().count == 60 }
        #expect(try await setting.ledger() == Array(1...20))
        let status = try await FlowStatus.read(setting.fleet)
        #expect(status.views.map(\.pending) == [40, 0])
        #expect(status.views[0].paused?.subject == "copies.ledger" && status.views[1].paused == nil)
        #expect(status.views[0].delivered?.events == 20 && status.views[0].delivered?.lagEvents == 40)
        // It survives the process.
        try await setting.end(run)
        let again = try await setting.fleet.startRun()
        try await setting.make(61...70)
        try await eventually("the other view goes on") { try await setting.times().count == 70 }
        #expect(try await setting.ledger() == Array(1...20))
        try await setting.does("resume", "copies.ledger")
        try await setting.arrives(Array(1...70))
        try await setting.end(again)
    }

    @Test func nobodyWaitsForWhatIsPaused() async throws {
        let setting = try await FlowFleet()
        try await setting.make(1...3)
        try await setting.does("pause", "maker")
        try await setting.does("pause", "copies.ledger", "--reason", "later")
        let idle = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
        #expect(idle.errors.contains("maker is paused since"), "\(idle.said)")
        #expect(idle.errors.contains("3 events wait there"), "\(idle.said)")
        #expect(try await setting.waiting() == 3)
        try await setting.does("resume", "maker")
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        try await eventually("each took effect once") { try await setting.times() == [1, 1, 1] }
        #expect(try await setting.ledger().isEmpty)
        try await setting.does("resume", "copies.ledger")
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await setting.ledger() == [1, 2, 3])
    }

    /// What is paused again and again, at random moments, while much is written.
    @Test func pausingAndResumingLosesNothingAndRepeatsNothing() async throws {
        let setting = try await FlowFleet()
        let run = try await setting.fleet.startRun()
        var next = 1
        for turn in 0..<12 {
            try await setting.make(next...next + 499)
            next += 500
            let subject = ["maker", "copies.ledger", "copies.latest"][turn % 3]
            try await setting.does("pause", subject)
            try await setting.make(next...next + 99)
            next += 100
            if turn % 4 != 3 { try await setting.does("resume", subject) }
        }
        for subject in ["maker", "copies.ledger", "copies.latest"] { try await setting.does("resume", subject) }
        let all = Array(1..<next)
        _ = try? await eventually("all arrive") {
            try await setting.ledger().count == all.count ? true : nil
        }
        let ledger = try await setting.ledger()
        for key in 0..<3 { #expect(ledger.filter { $0 % 3 == key } == all.filter { $0 % 3 == key }) }
        try await eventually("the other view has all") { try await setting.times().count == all.count }
        #expect(try await setting.times().allSatisfy { $0 == 1 })
        try await setting.end(run)
    }

    @Test(arguments: [
        (["pause", "makr"], "did you mean maker?"), (["pause", "copies"], "publishes nothing"),
        (["pause", "ledger"], "did you mean copies.ledger?"),
        (["pause", "copies.ledgr"], "did you mean copies.ledger?"),
        (["resume", "makr"], "did you mean maker?"), (["pause"], "say what to pause"),
        (["pause", "maker", "copies.ledger"], "say what to pause"),
        (["pause", "maker", "--reason", "two\nlines"], "one line"),
        (["pause", "maker", "--reason", String(repeating: "x", count: 501)], "at most 500 characters"),
    ])
    func whatIsNotThereIsTold(_ arguments: [String], _ words: String) async throws {
        let setting = try await FlowFleet()
        let program = try setting.fleet.start(arguments)
        #expect(try await program.end() == .code(1))
        #expect(program.errors.contains(words), "\(program.errors)")
        #expect(try await FlowStatus.read(setting.fleet).paused.isEmpty)
    }

    @Test func whatTheFileHasNoMoreCanBeResumed() async throws {
        let setting = try await FlowFleet()
        try await setting.does("pause", "copies.ledger")
        try setting.fleet.write(FlowFleet.yaml().replacing("ledger:", with: "book:"))
        let status = try await FlowStatus.read(setting.fleet)
        #expect(status.paused.map(\.declared) == [false])
        #expect(try await setting.fleet.flotilla("status").output.contains("flotilla resume copies.ledger"))
        #expect(try await setting.does("resume", "copies.ledger").contains("resumed"))
        #expect(try await FlowStatus.read(setting.fleet).paused.isEmpty)
    }

    @Test func aDamagedFileIsSaidAndNothingIsTakenUp() async throws {
        let setting = try await FlowFleet()
        try await setting.does("pause", "maker")
        let run = try await setting.fleet.startRun()
        try await setting.make(1...5)
        try setting.fleet.write("?", to: ".flotilla/flow.json")
        try await eventually("it is said") { run.errors.contains("flow.json, which says what is paused, is damaged") }
        #expect(try await setting.waiting() == 5)
        let status = try await setting.fleet.flotilla("status")
        #expect(status.ended(69) && status.output.contains("remove it, and pause again"), "\(status.said)")
        try await setting.end(run)
        let refused = try await setting.fleet.flotilla("run")
        #expect(refused.ended(69), "\(refused.said)")
        try FileManager.default.removeItem(atPath: setting.fleet.file(".flotilla/flow.json"))
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await setting.ledger() == Array(1...5))
    }
}
