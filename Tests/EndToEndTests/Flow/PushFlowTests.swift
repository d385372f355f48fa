import Foundation
import HTTPReceiver
import Testing

/// Pausing and replaying what is delivered over HTTP.
@Suite(.serialized, .lanes) struct PushFlowTests {
    @Test func aPausedPushSendsNothingAndAReplaySendsAgain() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port)
        let run = try await setting.fleet.startRun()
        try await setting.publish(PushFleet.rows(0..<5, keys: 4))
        try await eventually("they arrive") { receiver.count == 20 }
        let paused = try await setting.fleet.flotilla("pause", "billing.push", "--reason", "its receiver moves")
        #expect(paused.ended(0) && !paused.errors.contains("has not ended yet"), "\(paused.said)")
        try await setting.publish(PushFleet.rows(5..<10, keys: 4))
        try await eventually("they wait in the stream") { try await setting.status().pending == 20 }
        #expect(receiver.count == 20)
        #expect(try await setting.fleet.flotilla("resume", "billing.push").ended(0))
        try await eventually("they arrive") { receiver.count == 40 }
        let replay = try await setting.fleet.flotilla("replay", "billing.push", "--position", "31")
        #expect(replay.ended(0) && replay.output.contains("takes 10 records again"), "\(replay.said)")
        try await eventually("they arrive again") { receiver.count == 50 }
        for key in 0..<4 { #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(0..<10)) }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await receiver.stop()
    }

    /// A view is built anew where a replay cannot reach; a push has nothing to be built.
    @Test func aGapIsToldWithoutAdviceForViews() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port, broker: "{engine: embedded, retain: {age: 0s}}")
        try await setting.publish(PushFleet.rows(0..<5, keys: 2))
        try await eventually("all is sent, and dropped") {
            guard try await setting.fleet.flotilla("run", "--until-idle").ended(0) else { return false }
            return try await FlowStatus.read(setting.fleet).streams[0].records?.count == 0
        }
        let refused = try await setting.fleet.flotilla("replay", "billing.push", "--position", "3")
        #expect(refused.ended(69) && refused.errors.contains("retention has dropped"), "\(refused.said)")
        #expect(!refused.errors.contains("views rebuild"), "\(refused.said)")
        // Another stream has taken the place of the one that was pushed.
        let file = setting.fleet.file(".flotilla/streams/pushed-sales.db")
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
        #expect(try await setting.fleet.flotilla("apply").ended(0))
        let another = try await setting.fleet.flotilla("replay", "billing.push", "--position", "3")
        #expect(another.ended(69) && another.errors.contains("take `push` out of the fleet file"), "\(another.said)")
        try await receiver.stop()
    }
}
