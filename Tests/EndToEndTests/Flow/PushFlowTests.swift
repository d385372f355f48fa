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
        #expect(try await run.end(within: .seconds(5)) == .code(0))
        try await receiver.stop()
    }
}
