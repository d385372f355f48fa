#if NATS
    import Foundation
    import HTTPReceiver
    import TestKit
    import Testing

    /// What operators tell parts of a fleet whose streams are on NATS JetStream.
    @Suite(.serialized, .lanes) struct NATSFlowTests {
        /// What a stream may grow to is kept free by the server that these tests share.
        private func broker(at server: NATSServer) -> String { "{engine: nats, url: \"\(server.url)\", limit: 1GiB}" }

        private func fleet(_ name: String, limit: String = "") async throws -> FlowFleet {
            let server = try await NATSServer.shared()
            return try await FlowFleet(
                FlowFleet.yaml(limit: limit, broker: broker(at: server)).replacing(
                    "fleet: flow", with: "fleet: \(name)"))
        }

        private func pending(_ setting: FlowFleet) async throws -> [Int?] {
            try await FlowStatus.read(setting.fleet).views.map(\.pending)
        }

        @Test func aPausedViewRestsWhoeverCarriesAndOthersGoOn() async throws {
            let setting = try await fleet("nats-paused")
            var run = try await setting.fleet.startRun()
            try await setting.make(1...10)
            try await setting.arrives(Array(1...10))
            let told = try await setting.does("pause", "copies.ledger", "--reason", "a new disk")
            #expect(told.contains("paused copies.ledger") && !told.contains("has not ended yet"), "\(told)")
            try await setting.make(11...20)
            try await eventually("the other view goes on") { try await setting.times().count == 20 }
            #expect(try await pending(setting) == [10, 0])
            // It stays so, whoever carries the fleet.
            run.kill()
            try await run.end()
            run = try await setting.fleet.startRun()
            try await setting.make(21...25)
            try await eventually("the other view goes on") { try await setting.times().count == 25 }
            #expect(try await setting.ledger() == Array(1...10))
            let status = try await FlowStatus.read(setting.fleet).views[0]
            #expect(
                status.paused?.reason == "a new disk" && status.pending == 15 && status.lastError == nil, "\(status)")
            try await setting.does("resume", "copies.ledger")
            try await setting.arrives(Array(1...25))
            try await eventually("nothing is pending") { try await pending(setting) == [0, 0] }
            try await setting.end(run)
        }

        @Test func aPausedOutboxRests() async throws {
            let setting = try await fleet("nats-outbox")
            let run = try await setting.fleet.startRun()
            try await setting.does("pause", "maker")
            try await setting.make(1...10)
            try await during(.milliseconds(500)) {
                let waiting = try await setting.waiting()
                #expect(waiting == 10)
            }
            try await setting.does("resume", "maker")
            try await setting.arrives(Array(1...10))
            try await setting.end(run)
        }

        @Test func aViewThatIsAtWorkIsPausedAgainAndAgain() async throws {
            let setting = try await fleet("nats-restless")
            let run = try await setting.fleet.startRun()
            for turn in 0..<6 {
                try await setting.make(turn * 500 + 1...turn * 500 + 500)
                try await eventually("some arrive") { try await setting.ledger().count > turn * 500 }
                try await setting.does("pause", "copies.ledger")
                let count = try await setting.ledger().count
                try await during(.milliseconds(100)) {
                    let now = try await setting.ledger().count
                    #expect(now == count)
                }
                try await setting.does("resume", "copies.ledger")
            }
            try await setting.arrives(Array(1...3000))
            try await setting.end(run)
        }

        @Test func aViewTakesEventsAgainAndNoOtherDoes() async throws {
            let setting = try await fleet("nats-replay")
            let run = try await setting.fleet.startRun()
            try await setting.make(1...10)
            try await setting.arrives(Array(1...10))
            let dry = try await setting.does("replay", "copies.ledger", "--position", "8", "--dry-run")
            #expect(dry.contains("nats-replay-maker: 3 records, from record 8, appended"), "\(dry)")
            // Its stream is idle, and it notices.
            for turn in 1...3 {
                try await eventually("all is noted") { try await pending(setting) == [0, 0] }
                let told = try await setting.does("replay", "copies.ledger", "--position", "10")
                #expect(told.contains("takes 1 record again"), "\(told)")
                try await setting.arrives(Array(1...10) + Array(repeating: 10, count: turn))
            }
            // While it is paused, and by time.
            try await setting.does("pause", "copies.ledger")
            let told = try await setting.does("replay", "copies.ledger", "--since", "1h")
            #expect(told.contains("takes 10 records again"), "\(told)")
            try await setting.make(11...12)
            try await eventually("the others come") { try await setting.times().count == 12 }
            #expect(try await setting.ledger().count == 13)
            try await setting.does("resume", "copies.ledger")
            try await setting.arrives(Array(1...10) + [10, 10, 10] + Array(1...12))
            try await eventually("each took effect once") {
                try await setting.times() == Array(repeating: 1, count: 12)
            }
            try await setting.end(run)
        }

        /// While events are carried as fast as they can be, the view is taken back again and again.
        @Test func aViewThatIsAtWorkIsTakenBackCleanly() async throws {
            let setting = try await fleet("nats-taken-back")
            let run = try await setting.fleet.startRun()
            for turn in 0..<4 {
                try await setting.make(turn * 1000 + 1...turn * 1000 + 1000)
                try await eventually("some arrive") { try await setting.times().count > turn * 1000 }
                try await setting.does("replay", "copies.latest", "--position", "1")
            }
            try await eventually("all arrive") { try await setting.times().count == 4000 }
            try await eventually("nothing is pending") { try await pending(setting) == [0, 0] }
            let times = try await setting.times()
            // The first came five times; each event at least once, and none more often than the view was taken back.
            #expect(times.first == 5 && times.allSatisfy { (1...5).contains($0) }, "\(times.prefix(10))")
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 >= $1 })
            try await setting.end(run)
        }

        @Test func aPushIsPausedAndSendsAgain() async throws {
            let server = try await NATSServer.shared()
            let receiver = try await HTTPReceiver()
            let setting = try await PushFleet(port: receiver.port, name: "nats-pushed", broker: broker(at: server))
            var run = try await setting.fleet.startRun()
            try await setting.publish(PushFleet.rows(0..<5, keys: 4))
            try await eventually("they arrive") { receiver.count == 20 }
            let paused = try await setting.fleet.flotilla("pause", "billing.push", "--reason", "its receiver moves")
            #expect(paused.ended(0) && !paused.errors.contains("has not ended yet"), "\(paused.said)")
            try await setting.publish(PushFleet.rows(5..<10, keys: 4))
            try await eventually("they wait in the stream") { try await setting.status().pending == 20 }
            run.kill()
            try await run.end()
            run = try await setting.fleet.startRun()
            try await during(.milliseconds(300)) { #expect(receiver.count == 20) }
            #expect(try await setting.fleet.flotilla("resume", "billing.push").ended(0))
            try await eventually("they arrive") { receiver.count == 40 }
            try await eventually("all is noted") { try await setting.status().pending == 0 }
            let replay = try await setting.fleet.flotilla("replay", "billing.push", "--position", "31")
            #expect(replay.ended(0) && replay.output.contains("takes 10 records again"), "\(replay.said)")
            try await eventually("they arrive again") { receiver.count == 50 }
            for key in 0..<4 { #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(0..<10)) }
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
            try await receiver.stop()
        }
    }
#endif
