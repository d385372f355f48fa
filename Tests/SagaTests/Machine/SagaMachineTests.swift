import FleetCore
import SagaModel
import Sagas
import Testing

/// What one saga does, input by input.
@Suite struct SagaMachineTests {
    @Test func itGoesFromStepToStep() throws {
        var run = try MachineRun(Samples.order)
        #expect(run.asked == ["do reserve"])
        for (step, next) in [("reserve", "do charge"), ("charge", "do confirm"), ("confirm", "do tell")] {
            run.done(step)
            #expect(run.asked == [next])
        }
        run.done("tell")
        #expect(run.asked == ["completed"])
    }

    @Test func nothingIsUndoneWhereTheFirstStepFails() throws {
        var run = try MachineRun(Samples.order)
        run.fail("reserve")
        #expect(run.asked == ["compensated: reserve failed: rejected: no"])
    }

    @Test func itIsUndoneInReverseOrderFromEachPointOfFailure() throws {
        let steps = ["reserve", "charge"]
        for failing in 1...2 {
            var run = try MachineRun(Samples.order)
            for step in steps.prefix(failing) { run.done(step) }
            run.fail((steps + ["confirm"])[failing])
            for step in steps.prefix(failing).reversed() {
                #expect(run.asked == ["undo \(step)"])
                run.undone(step)
            }
            #expect(run.asked.count == 1 && run.state.outcome != nil)
        }
    }

    @Test func anUnknownOutcomeCountsAsDone() throws {
        var run = try MachineRun(Samples.order)
        run.give(.woke, after: .seconds(10))
        #expect(run.asked == ["undo reserve"])
        // Late: it is being undone.
        run.give(.replied(SagaTicket(SagaStepID("reserve"), .forward, attempt: 1), reply: "{}"))
        #expect(run.asked == [])
        #expect(run.state.notes.map(\.kind) == [.late])
        run.undone("reserve")
        #expect(
            run.state.stop == .stepFailed(SagaStepID("reserve"), try #require(run.state.runs.all[0].forward.failure)))
    }

    @Test func aStepIsRetriedBeforeAnythingIsUndone() throws {
        var run = try MachineRun(Samples.saga([Samples.step("a", retry: Samples.twice)]))
        run.fail("a", code: "busy")
        #expect(run.asked == [] && run.state.wakeAt == Timestamp(microseconds: 1_000_000))
        run.give(.woke, after: .milliseconds(999))
        #expect(run.asked == [])
        run.give(.woke, after: .milliseconds(1))
        #expect(run.asked == ["do a"])
        run.fail("a", code: "busy")
        #expect(run.asked == ["compensated: a failed: busy: no"])
    }

    @Test func branchesAreDoneAndUndoneAtTheSameTime() throws {
        let parallel = SagaParallel(
            name: "p", branches: [[Samples.step("a"), Samples.step("b")], [Samples.step("c")]])
        var run = try MachineRun(Samples.saga([.parallel(parallel), Samples.step("d")]))
        #expect(run.asked == ["do a", "do c"])
        run.done("a")
        #expect(run.asked == ["do b"])
        run.done("c")
        #expect(run.asked == [])
        run.done("b")
        run.fail("d")
        #expect(run.asked == ["undo b", "undo c"])
        run.undone("b")
        #expect(run.asked == ["undo a"])
        run.undone("c")
        run.undone("a")
        #expect(run.state.outcome != nil)
    }

    @Test func whatIsUnderWayIsAwaitedBeforeItIsUndone() throws {
        let parallel = SagaParallel(name: "p", branches: [[Samples.step("a")], [Samples.step("b")]])
        var run = try MachineRun(Samples.saga([.parallel(parallel)]))
        run.fail("a")
        #expect(run.asked == [])
        run.done("b")
        #expect(run.asked == ["undo b"])
    }

    @Test func itemsAreDoneSomeAtATime() throws {
        let forEach = SagaForEach(
            name: "f", items: SagaReference(.data, ["lines"]), limit: 3, atOnce: 2, steps: [Samples.step("a")])
        var run = try MachineRun(Samples.saga([.forEach(forEach)]), data: "{\"lines\":[{\"sku\":\"x\"},2,3]}")
        #expect(run.asked == ["do a[0]", "do a[1]"])
        #expect(run.machine.value(of: SagaReference(.item, ["sku"]), for: SagaStepID("a", items: [0])) == .text("x"))
        run.done(SagaStepID("a", items: [1]))
        #expect(run.asked == ["do a[2]"])
        run.done(SagaStepID("a", items: [0]))
        run.done(SagaStepID("a", items: [2]))
        #expect(run.asked == ["completed"])
        for data in ["{\"lines\":[1,2,3,4]}", "{}", "{\"lines\":{\"0\":1}}"] {
            let run = try MachineRun(Samples.saga([.forEach(forEach)]), data: data)
            #expect(run.asked.first?.hasPrefix("compensated: f:") == true, "\(data)")
        }
        #expect(try MachineRun(Samples.saga([.forEach(forEach)]), data: "{\"lines\":[]}").asked == ["completed"])
    }

    @Test func aChoiceLooksAtRepliesOnce() throws {
        let condition = SagaCondition.compare(SagaReference(.reply(step: "a"), ["n"]), .atLeast, .number(3))
        let choice = SagaChoice(
            name: "c", cases: [.init(condition, steps: [Samples.step("b")])], otherwise: [Samples.step("d")])
        for (reply, next) in [("{\"n\":3}", "do b"), ("{\"n\":2}", "do d"), ("{}", "do d"), ("{\"n\":\"3\"}", "do d")] {
            var run = try MachineRun(Samples.saga([Samples.step("a"), .choice(choice)]))
            run.done("a", reply: reply)
            #expect(run.asked == [next])
        }
    }

    @Test func aReplyThatIsNoJSONMayHaveBeenAnEffect() throws {
        var run = try MachineRun(Samples.order)
        run.done("reserve", reply: "{")
        #expect(run.asked == ["undo reserve"])
    }

    @Test func straysAreNotedAndBounded() throws {
        var run = try MachineRun(Samples.order)
        let before = run.state.runs
        for index in 0..<100 {
            run.give(.replied(SagaTicket(SagaStepID("nobody"), .forward, attempt: index), reply: "{}"))
            run.give(
                .failed(SagaTicket(SagaStepID("reserve"), .forward, attempt: 7), SagaFailure("x", "", effect: .none)))
        }
        #expect(run.state.runs == before)
        #expect(run.state.notes.count == SagaState.noteLimit && run.state.noteCount == 200)
        #expect(Set(run.state.notes.map(\.kind)) == [.stray])
    }

    // MARK: Waiting

    private static let arrival = SagaAwaitedEvent(
        event: SagaEventName(service: "s", type: "Arrived"), field: "order.id", equals: SagaReference(.data, ["id"]))

    @Test func anEventMayComeBeforeItsWait() throws {
        var run = try MachineRun(
            Samples.saga([Samples.step("a"), Samples.wait("w", .event(Self.arrival))]), data: "{\"id\":7}")
        run.give(.occurred(Self.arrival.event, payload: "{\"order\":{\"id\":8}}", id: "1"))
        run.give(.occurred(Self.arrival.event, payload: "{\"order\":{\"id\":7}}", id: "2"))
        run.give(.occurred(Self.arrival.event, payload: "{\"order\":{\"id\":7}}", id: "2"))
        #expect(run.state.notes.map(\.kind) == [.duplicate])
        run.done("a")
        #expect(run.asked == ["completed"])
    }

    @Test func aWaitEndsAtItsTimeOut() throws {
        var run = try MachineRun(
            Samples.saga([Samples.step("a"), Samples.wait("w", .event(Self.arrival))]), data: "{\"id\":7}")
        run.done("a")
        run.give(.woke, after: .seconds(60))
        #expect(run.asked == ["undo a"])
    }

    @Test func somebodyDecides() throws {
        let ask = SagaActivity.decision(SagaDecision(options: ["yes", "no"], otherwise: "no"))
        var run = try MachineRun(Samples.saga([Samples.wait("ask", ask)]))
        run.give(.decided(SagaStepID("ask"), option: "perhaps", by: "Ada"))
        #expect(run.state.notes.map(\.kind) == [.refused])
        var late = run
        run.give(.decided(SagaStepID("ask"), option: "yes", by: "Ada \"A\""))
        #expect(run.asked == ["completed"])
        let value = run.machine.value(of: SagaReference(.reply(step: "ask"), ["by"]), for: SagaStepID("x"))
        #expect(value == .text("Ada \"A\""))
        late.give(.woke, after: .seconds(60))
        #expect(late.state.runs.all[0].forward.reply?.contains("no") == true)
    }

    // MARK: Cancelling

    @Test func cancellingWorksDuringBackOffAndWaiting() throws {
        var run = try MachineRun(Samples.saga([Samples.step("a"), Samples.step("b", retry: Samples.twice)]))
        run.done("a")
        run.fail("b", code: "busy")
        run.give(.cancel(reason: "no need"))
        #expect(run.asked == ["undo a"])
        var waiting = try MachineRun(Samples.saga([Samples.step("a"), Samples.wait("w", .timer(.seconds(60)))]))
        waiting.done("a")
        waiting.give(.cancel(reason: "no need"))
        #expect(waiting.asked == ["undo a"])
        waiting.undone("a")
        #expect(waiting.asked == ["compensated: cancelled: no need"])
    }

    @Test func cancellingWaitsForThePivot() throws {
        var run = try MachineRun(Samples.order)
        run.done("reserve")
        run.done("charge")
        run.give(.cancel(reason: "no need"))
        #expect(run.asked == [] && run.state.pendingStop != nil)
        var failing = run
        run.done("confirm")
        #expect(run.asked == ["do tell"] && run.state.pendingStop == nil)
        run.give(.cancel(reason: "again"))
        #expect(run.asked == [] && run.state.notes.last?.kind == .refused)
        failing.fail("confirm")
        #expect(failing.asked == ["undo charge"])
        #expect(failing.state.stop == .cancelled(reason: "no need"))
    }

    @Test func theDeadlineUndoes() throws {
        var run = try MachineRun(
            Samples.saga([Samples.step("a"), Samples.wait("w", .timer(.seconds(50)))], deadline: .seconds(60)))
        run.give(.woke, after: .seconds(5))
        run.done("a")
        run.give(.woke, after: .seconds(55))
        // The wait is over too, and so is the saga's time.
        #expect(run.asked == ["undo a"])
        var late = try MachineRun(Samples.order)
        for step in ["reserve", "charge", "confirm"] { late.done(step) }
        late.give(.woke, after: .seconds(3_600))
        #expect(late.state.isOverdue && late.state.stop == nil)
    }
}
