import Foundation
import HTTPReceiver
import Synchronization
import Testing

/// Events reach a receiver over HTTP, with the real program.
@Suite(.serialized, .lanes) struct PushTests {
    @Test func everyEventArrivesInTheOrderOfItsKey() async throws {
        let receiver = try await HTTPReceiver()
        let setting = try await PushFleet(port: receiver.port, options: "in_flight: 4")
        try await setting.publish(PushFleet.rows(0..<40, keys: 10))
        try await setting.publish([OutboxRow(key: "k0", type: "Kept", payload: "{}")])
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
        #expect(receiver.count == 400)
        for key in 0..<10 { #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(0..<40)) }
        let request = try #require(receiver.requests.first)
        #expect(request["ce-source"] == "/pushed/sales")
        #expect(request["webhook-signature"]?.hasPrefix("v1,") == true)
        #expect(request["webhook-id"] == request["ce-id"])
        let status = try await setting.status()
        #expect(status.pending == 0 && status.parked == 0 && status.lastError == nil)
        // Nothing is sent again.
        let again = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(again.ended(0) && receiver.count == 400, "\(again.said)")
        try await receiver.stop()
    }

    @Test func aReceiverThatIsDownLosesNothingAndParksNothing() async throws {
        let first = try await HTTPReceiver()
        let port = first.port
        let setting = try await PushFleet(port: port)
        try await setting.publish(PushFleet.rows(0..<5, keys: 8))
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        try await first.stop()
        let run = try await setting.fleet.startRun()
        try await setting.publish(PushFleet.rows(5..<10, keys: 8))
        try await eventually("the state is told") { try await setting.status().lastError != nil }
        let status = try await setting.status()
        #expect(status.lastError?.contains("http://127.0.0.1:\(port)/events") == true, "\(status)")
        #expect(status.lastError?.contains("cannot be reached") == true, "\(status)")
        #expect(status.parked == 0 && status.retrying == 0 && status.pending == 40, "\(status)")
        // Neither here nor in the log is there a secret.
        for text in [status.lastError ?? "", run.errors, run.output] {
            #expect(!text.contains("t0ps3cret") && !text.contains("MfKQ9r8G"), "\(text)")
        }
        let second = try await HTTPReceiver(port: port)
        try await eventually("all arrive") { second.count == 40 }
        for key in 0..<8 { #expect(second.firsts(of: "k\(key)") == HTTPReceiver.bodies(5..<10)) }
        try await eventually("all is well again") {
            let status = try await setting.status()
            return status.lastError == nil && status.pending == 0
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await second.stop()
    }

    @Test func aRefusedEventParksItsKeyAlone() async throws {
        let isMended = Atomic(false)
        let receiver = try await HTTPReceiver { request in
            request.body.contains("\"bad\"") && !isMended.load(ordering: .relaxed)
                ? .answer(422, body: "amount missing") : .answer(204)
        }
        let setting = try await PushFleet(port: receiver.port)
        let bad = OutboxRow(key: "k0", type: "Sold", payload: "{\"number\": \"bad\"}")
        try await setting.publish([bad] + PushFleet.rows(0..<5, keys: 3))
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(3), "\(run.said)")
        #expect(receiver.firsts(of: "k0") == [bad.payload])
        #expect(receiver.firsts(of: "k1") == HTTPReceiver.bodies(0..<5))
        let status = try await setting.status()
        #expect(status.parked == 1 && status.waiting == 5 && status.pending == 0, "\(status)")
        let parked = try await setting.parked()
        #expect(parked.count == 6)
        #expect(parked[0].contains("answered 422") && parked[0].contains("amount missing"), "\(parked)")
        #expect(parked[0].contains("billing.push"))
        // It is refused again, and stays.
        let vain = try await setting.fleet.flotilla("parked", "retry", bad.id)
        #expect(vain.ended(1), "\(vain.said)")
        isMended.store(true, ordering: .relaxed)
        let retry = try await setting.fleet.flotilla("parked", "retry", bad.id)
        #expect(retry.ended(0), "\(retry.said)")
        #expect(receiver.firsts(of: "k0") == [bad.payload] + HTTPReceiver.bodies(0..<5))
        #expect(try await setting.parked().isEmpty)
        try await receiver.stop()
    }

    @Test func aDiscardedEventLetsItsKeyGoOnWhileTheFleetRuns() async throws {
        let receiver = try await HTTPReceiver { $0.body.contains("bad") ? .answer(400) : .answer(204) }
        let setting = try await PushFleet(port: receiver.port)
        let run = try await setting.fleet.startRun()
        let bad = OutboxRow(key: "k0", type: "Sold", payload: "{\"number\": \"bad\"}")
        try await setting.publish([bad] + PushFleet.rows(0..<3, keys: 1))
        try await eventually("it is parked") { try await setting.status().waiting == 3 }
        let discard = try await setting.fleet.flotilla("parked", "discard", bad.id)
        #expect(discard.ended(0), "\(discard.said)")
        try await setting.publish(PushFleet.rows(3..<6, keys: 1))
        try await eventually("the key goes on") { receiver.firsts(of: "k0").count == 7 }
        #expect(receiver.firsts(of: "k0") == [bad.payload] + HTTPReceiver.bodies(0..<6))
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await receiver.stop()
    }

    @Test func anEventThatItsReceiverCannotBearIsParkedAtLast() async throws {
        let receiver = try await HTTPReceiver { $0.body.contains("bad") ? .answer(500, body: "oops") : .answer(204) }
        let setting = try await PushFleet(port: receiver.port, options: "attempts: 3")
        let bad = OutboxRow(key: "k0", type: "Sold", payload: "{\"number\": \"bad\"}")
        try await setting.publish([bad] + PushFleet.rows(0..<20, keys: 30))
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(3), "\(run.said)")
        for key in 1..<30 { #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(0..<20)) }
        let status = try await setting.status()
        #expect(status.parked == 1 && status.waiting == 20 && status.retrying == 0, "\(status)")
        #expect(try await setting.parked()[0].contains("answered 500"))
        try await receiver.stop()
    }

    @Test func aReceiverThatHangsIsAStateAndCtrlCStillEndsAtOnce() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let setting = try await PushFleet(port: receiver.port, options: "timeout: 300ms")
        try await setting.publish(PushFleet.rows(0..<2, keys: 6))
        let run = try await setting.fleet.startRun()
        try await eventually("the state is told") {
            try await setting.status().lastError?.contains("did not answer within 0.3 s") == true
        }
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
        #expect(try await setting.status().pending == 12)
        try await receiver.stop()
    }

    @Test func noMoreRequestsAreOnTheirWayThanAllowed() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let setting = try await PushFleet(port: receiver.port, options: "in_flight: 3, timeout: 60s")
        try await setting.publish(PushFleet.rows(0..<2, keys: 20))
        let run = try await setting.fleet.startRun()
        try await eventually("as many as are allowed come") { receiver.count == 3 }
        try await during(.milliseconds(300)) { #expect(receiver.count == 3) }
        #expect(Set(receiver.requests.compactMap { $0["ce-partitionkey"] }).count == 3)
        run.kill()
        try await run.end()
        try await receiver.stop()
    }
}
