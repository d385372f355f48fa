import FleetCore
import HTTPServer
import TestKit
import Testing

@testable import Control

@Suite struct FleetHealthTests {
    private let health = FleetHealth()

    private func work(_ progress: FleetCore.Progress, _ gate: FlowGate = FlowGate()) throws -> FleetRun.Work {
        FleetRun.Work(
            kind: .relay, subject: "orders",
            stream: StreamName(fleet: try FleetName("shop"), service: try ServiceName("orders")), progress: progress,
            gate: gate)
    }

    @Test func itIsNotReadyBeforeAllWasLookedAt() throws {
        #expect(health.reasons().map(\.part) == ["fleet"])
        health.begin(FleetPulse(parts: ["store orders", "stream shop-orders"], work: [], stillness: StillnessWatch()))
        #expect(health.reasons().map(\.part) == ["store orders", "stream shop-orders"])
        health.looked(at: "store orders", nil)
        health.looked(at: "stream shop-orders", "gone")
        #expect(health.reasons() == [.init(part: "stream shop-orders", reason: "gone")])
        #expect(health.readinessAnswer.status == 503)
        health.looked(at: "stream shop-orders", nil)
        #expect(health.readinessAnswer.status == 200)
        #expect(health.livenessAnswer.status == 200)
        health.end(because: "another carries it")
        #expect(health.reasons() == [.init(part: "fleet", reason: "another carries it")])
    }

    /// Whoever carries, and whoever waits for its turn, is well as long as its tasks come to theirs.
    @Test func aProcessWhoseTasksDoNotComeToTheirTurnIsIll() async throws {
        #expect(health.illness(at: .now + .seconds(3600)) == nil)
        let now = ContinuousClock.now
        health.beat()
        #expect(health.illness(at: now + .seconds(30)) == nil)
        #expect(health.illness(at: .now + .seconds(40))?.hasPrefix("no task has come to its turn for ") == true)
        health.end(because: "another carries it")
        #expect(health.illness(at: .now + .seconds(3600)) == nil)
        let health = health
        let waiting = Task { await health.beatRepeatedly() }
        try await eventually("it beats") { health.illness(at: .now + .seconds(40)) != nil }
        waiting.cancel()
        await waiting.value
        #expect(health.illness(at: .now + .seconds(3600)) == nil)
    }

    @Test func whatStandsInTheWayIsToldAndALockOnlyAfterAWhile() throws {
        let progress = FleetCore.Progress(name: "orders outbox")
        health.begin(FleetPulse(parts: [], work: [try work(progress)], stillness: StillnessWatch()))
        progress.fail(FleetError(.busy, "locked"))
        let since = try #require(progress.snapshot.condition?.since)
        #expect(health.reasons(at: since.advanced(by: .seconds(4))).isEmpty)
        #expect(health.reasons(at: since.advanced(by: .seconds(6))).map(\.reason) == ["locked"])
        progress.fail(FleetError(.unavailable, "down"))
        #expect(health.reasons().map(\.reason) == ["down"])
        progress.recover()
        #expect(health.reasons().isEmpty)
    }

    @Test func pausedPartsAreNamedAndDoNotMakeItUnready() throws {
        let gate = FlowGate(isPaused: true)
        health.begin(
            FleetPulse(parts: [], work: [try work(FleetCore.Progress(name: "x"), gate)], stillness: StillnessWatch()))
        let answer = health.readinessAnswer
        #expect(answer.status == 200)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("\"paused\":[\"orders\"]"))
    }

    @Test func whatWaitsForAnOperatorIsToldAndDoesNotMakeItUnready() throws {
        health.begin(FleetPulse(parts: [], work: [], stillness: StillnessWatch()))
        health.attend(to: "saga order", "1 is parked")
        let answer = health.readinessAnswer
        #expect(answer.status == 200)
        #expect(
            String(decoding: answer.body, as: UTF8.self).contains(
                "\"attention\":[{\"part\":\"saga order\",\"reason\":\"1 is parked\"}]"))
        health.attend(to: "saga order", nil)
        #expect(String(decoding: health.readinessAnswer.body, as: UTF8.self).contains("\"attention\":[]"))
    }

    @Test func whatIsBehindAndDoesNotMoveIsTold() {
        let watch = StillnessWatch()
        let begun = ContinuousClock.now
        let late = begun + StillnessWatch.limit + .seconds(1)
        watch.saw("orders outbox", count: 5, isBehind: true, at: begun)
        watch.saw("stock outbox", count: 5, isBehind: false, at: begun)
        #expect(watch.reasons(at: begun).isEmpty)
        #expect(watch.reasons(at: late).map(\.part) == ["orders outbox"])
        watch.saw("orders outbox", count: 6, isBehind: true, at: late)
        #expect(watch.reasons(at: late).isEmpty)
    }
}
