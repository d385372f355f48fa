import FleetCore
import Foundation
import HTTPReceiver
import TestKit
import Testing

/// `kill -9` while events are pushed: nothing is lost, the order of each key holds, and what is sent again has the same id.
@Suite(.serialized, .lanes) struct PushCrashTests {
    private func expectExact(_ receiver: HTTPReceiver, _ numbers: Range<Int>, keys: Int, _ when: String) {
        for key in 0..<keys {
            #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(numbers), "\(when)")
        }
        let ids = Set(receiver.requests.compactMap { $0["webhook-id"] })
        #expect(ids.count == numbers.count * keys, "\(when)")
    }

    @Test(arguments: [CrashPoint.pushed, .pushNoted])
    func pushIsExactAfterBeingKilled(at point: CrashPoint) async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port, options: "in_flight: 3")
        var published = 0
        func publish() async throws {
            try await setting.publish(PushFleet.rows(published..<published + 5, keys: 6))
            published += 5
        }
        for pass in [1, 2, 3] {
            try await publish()
            // Commits take what has gathered: there are as many as it takes only while more comes.
            try await setting.fleet.crash(at: point, pass: pass, ["run"]) { try await publish() }
            let run = try await setting.fleet.flotilla("run", "--until-idle")
            #expect(run.ended(0), "\(run.said)")
            expectExact(receiver, 0..<published, keys: 6, "\(point.rawValue), pass \(pass)")
        }
        // At least once, and some more than once.
        #expect(point == .pushNoted || receiver.count > published * 6)
        try await receiver.stop()
    }

    @Test func pushIsExactAfterBeingKilledAtAnyMoment() async throws {
        var random = RandomSource(for: "push killed at any moment")
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port)
        let rounds = 15
        for round in 0..<rounds {
            try await setting.publish(PushFleet.rows(round * 20..<round * 20 + 20, keys: 8))
            let run = try await setting.fleet.startRun()
            let before = receiver.count
            let moment = Int.random(in: 0...120, using: &random)
            try await eventually("some have arrived") { receiver.count >= before + moment }
            run.kill()
            try await run.end()
        }
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
        expectExact(receiver, 0..<rounds * 20, keys: 8, "after \(rounds) kills")
        print("\(receiver.count - rounds * 160) of \(rounds * 160) events were sent again")
        try await receiver.stop()
    }
}
