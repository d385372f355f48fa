import Testing

/// An operator mends what is parked while the fleet goes on.
@Suite(.serialized, .lanes) struct ParkedWhileRunningTests {
    private func parkedForGood(_ setting: ParkedFleet, _ id: String) async throws {
        try await eventually("\(id) is parked for good") {
            try await setting.parked().contains { $0.id == id && $0.state == "parked" }
        }
    }

    @Test func retriedEventsAndThoseBehindThemTakeEffectInOrderOnce() async throws {
        let setting = try await ParkedFleet()
        let run = try await setting.fleet.startRun()
        let poison = ParkedFleet.sold("K", 500)
        try await setting.sales.publish(poison, ParkedFleet.sold("K", 1))
        try await parkedForGood(setting, poison.id)
        try await setting.sales.publish(ParkedFleet.sold("K", 2), ParkedFleet.sold("L", 3))
        try await eventually("other keys go on") { try await setting.bills() == ["L=3"] }
        try await setting.raiseLimit()
        for _ in 1...2 {
            let retry = try await setting.fleet.flotilla("parked", "retry", poison.id)
            #expect(retry.ended(0), "\(retry.said)")
        }
        try await setting.sales.publish(ParkedFleet.sold("K", 4))
        try await eventually("the key goes on") { try await setting.bills(of: "K").count == 4 }
        #expect(try await setting.bills(of: "K") == ["K=500", "K=1", "K=2", "K=4"])
        run.send(15)
        #expect(try await run.end() == .code(0))
        #expect(try await setting.parked().isEmpty)
    }

    /// A process with another clock has planned a retry for a time that is far from now.
    @Test func aRetryThatWasPlannedByAnotherClockIsNotWaitedFor() async throws {
        let setting = try await ParkedFleet()
        let poison = ParkedFleet.sold("K", 500)
        try await setting.sales.publish(poison)
        let ahead = try await setting.fleet.startRun(environment: ["FLOTILLA_CLOCK_OFFSET": "86400"])
        try await eventually("it is planned") {
            try await setting.parked().contains { $0.id == poison.id && $0.state == "retrying" }
        }
        ahead.kill()
        try await ahead.end()
        let run = try await setting.fleet.startRun()
        try await parkedForGood(setting, poison.id)
        try await setting.sales.publish(ParkedFleet.sold("L", 1))
        try await eventually("other keys go on") { try await setting.bills() == ["L=1"] }
        run.send(15)
        #expect(try await run.end() == .code(0))
    }

    @Test func eventsOfAFreedKeyKeepTheirOrderWhileMoreAreWritten() async throws {
        let setting = try await ParkedFleet()
        try await setting.raiseLimit()
        let run = try await setting.fleet.startRun()
        var next = 1
        var poisons: [String] = []
        for _ in 0..<4 {
            // One that no view can take, and one that must not leave the outbox.
            let unreadable = OutboxRow(key: "K", type: "Sold", payload: "?")
            let unpublished = OutboxRow(key: "K", type: "Stolen", payload: "{}")
            poisons += [unreadable.id, unpublished.id]
            try await setting.sales.publish(
                unreadable, ParkedFleet.sold("K", next), unpublished, ParkedFleet.sold("K", next + 1))
            next += 2
        }
        let deadline = ContinuousClock.now + .seconds(180)
        while !poisons.isEmpty {
            guard ContinuousClock.now < deadline else { throw Trouble("these were never parked: \(poisons)") }
            try await setting.sales.publish(ParkedFleet.sold("K", next))
            next += 1
            let parked = try await setting.parked().filter { $0.state == "parked" }.map(\.id)
            guard let poison = poisons.first(where: { parked.contains($0) }) else { continue }
            let discard = try setting.fleet.start("parked", "discard", poison)
            // A few while it works, and no more: each is let go by itself.
            for _ in 0..<10 where discard.ended == nil {
                try await during(.milliseconds(3), every: .milliseconds(3)) {
                    try await setting.sales.publish(ParkedFleet.sold("K", next))
                    next += 1
                }
            }
            try await discard.end()
            if try await !setting.parked().contains(where: { $0.id == poison }) { poisons.removeAll { $0 == poison } }
        }
        let all = (1..<next).map { "K=\($0)" }
        _ = try? await eventually("all take effect") { try await setting.bills().count == all.count }
        #expect(try await setting.bills() == all, "\(run.errors)")
        #expect(try await setting.parked().isEmpty)
        run.kill()
        try await run.end()
    }
}
