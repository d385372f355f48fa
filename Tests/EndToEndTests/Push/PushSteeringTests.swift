import Foundation
import HTTPReceiver
import Testing

/// What is pushed can be paused, held to a rate, and sent again.
@Suite(.serialized, .lanes) struct PushSteeringTests {
    private func succeed(_ setting: PushFleet, _ arguments: String...) async throws {
        let program = try setting.fleet.start(arguments)
        let ending = try await program.end()
        #expect(ending == .code(0), "\(arguments): \(program.output)\(program.errors)")
    }

    @Test func aPausedPushRestsAndGoesOnWhereItStopped() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port)
        let run = try await setting.fleet.startRun()
        try await setting.publish(PushFleet.rows(0..<3, keys: 4))
        try await eventually("the first arrive") { receiver.count == 12 }
        try await succeed(setting, "pause", "billing.push")
        try await setting.publish(PushFleet.rows(3..<6, keys: 4))
        try await eventually("they wait in the stream") { try await setting.status().pending == 12 }
        try await during(.milliseconds(300)) { #expect(receiver.count == 12) }
        try await succeed(setting, "resume", "billing.push")
        try await eventually("the rest arrive") { receiver.count == 24 }
        for key in 0..<4 { #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(0..<6)) }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(receiver.count == 24)
        try await receiver.stop()
    }

    @Test func aPauseEndsARequestThatHangsWithItsTimeout() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let setting = try await PushFleet(port: receiver.port, options: "timeout: 500ms")
        let run = try await setting.fleet.startRun()
        try await setting.publish(PushFleet.rows(0..<2, keys: 4))
        try await eventually("requests hang") { receiver.count >= 4 }
        try await succeed(setting, "pause", "billing.push")
        let count = receiver.count
        try await during(.milliseconds(1200)) { #expect(receiver.count == count) }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await receiver.stop()
    }

    @Test func aReplaySendsAgainWhatCameSince() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port)
        let run = try await setting.fleet.startRun()
        try await setting.publish(PushFleet.rows(0..<10, keys: 1))
        try await eventually("all arrive") { receiver.count == 10 }
        try await eventually("all are noted") { try await setting.status().pending == 0 }
        try await succeed(setting, "replay", "billing.push", "--position", "8")
        try await eventually("three come again") { receiver.count == 13 }
        #expect(receiver.requests.suffix(3).map(\.body) == HTTPReceiver.bodies(7..<10))
        #expect(Set(receiver.requests.compactMap { $0["webhook-id"] }).count == 10)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(receiver.count == 13)
        try await receiver.stop()
    }

    /// No more than the rate asks for, however long it takes.
    @Test func aRateHolds() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port, options: "rate: 20/s")
        try await setting.publish(PushFleet.rows(0..<3, keys: 10))
        let start = ContinuousClock.now
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
        #expect(receiver.count == 30)
        // 30 events at 20 a second, less what goes at once.
        #expect(ContinuousClock.now - start >= .seconds(1))
        for key in 0..<10 { #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(0..<3)) }
        try await receiver.stop()
    }

    /// What a push has left is forgotten with it; declared again, it begins at the oldest record.
    @Test func aPushThatIsNoLongerDeclaredIsForgotten() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port)
        try await setting.publish(PushFleet.rows(0..<3, keys: 2))
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        let with = try String(contentsOfFile: setting.fleet.file("fleet.yaml"), encoding: .utf8)
        let without = try #require(with.range(of: "    push:"))
        try setting.fleet.write(String(with[..<without.lowerBound]))
        let plan = try await setting.fleet.flotilla("plan")
        #expect(plan.ended(2) && plan.output.contains("forget how far events were pushed"), "\(plan.said)")
        try await succeed(setting, "apply")
        #expect(try await setting.fleet.flotilla("plan").ended(0))
        try setting.fleet.write(with)
        try await succeed(setting, "apply")
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        #expect(receiver.count == 12)
        try await receiver.stop()
    }
}
