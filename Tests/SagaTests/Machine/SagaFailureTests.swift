import FleetCore
import SagaModel
import Sagas
import Testing

/// Failures that are not tried again, answers that are none, and what measurers are told.
@Suite struct SagaFailureTests {
    private static let retried = SagaRetry(attempts: 5, initial: .seconds(1), cap: .seconds(4))

    @Test func whatTheSagaDoesNotKnowIsNeverTriedAgain() throws {
        let named = SagaRetry(attempts: 5, initial: .seconds(1), cap: .seconds(4), errors: ["bad-data"])
        for retry in [Self.retried, named] {
            var run = try MachineRun(Samples.saga([Samples.step("a", retry: retry)]))
            run.fail("a", code: "bad-data")
            #expect(run.asked == ["compensated: a failed: bad-data: no"])
        }
        // Neither behind the point of no return, nor on the way back.
        var late = try MachineRun(Samples.saga([Samples.step("a", .retriable, retry: Self.retried)]))
        late.fail("a", code: "bad-data")
        #expect(late.asked == ["park a"] && late.state.isParked)
        var back = try MachineRun(
            Samples.saga([Samples.step("a", undoRetry: Self.retried), Samples.step("b")]))
        back.done("a")
        back.fail("b")
        back.fail("a", .compensation, code: "bad-data")
        #expect(back.asked == ["park a"] && back.state.isParked)
    }

    @Test func aRequestThatTimesOutBesideItsAttemptIsNoAnswer() throws {
        for code in ["timeout", "unknown-outcome"] {
            var run = try MachineRun(Samples.saga([Samples.step("a", retry: Self.retried), Samples.step("b")]))
            let first = run.ticket(SagaStepID("a"), .forward)
            run.give(.woke, after: .seconds(10))
            #expect(run.state.runs[SagaStepID("a")]?.forward.status == .backingOff)
            run.give(.failed(first, SagaFailure(code, "no answer within 10 s", effect: .unknown)))
            #expect(run.asked == [] && run.state.notes.isEmpty, "\(code): \(run.state.notes)")
            run.give(.woke, after: .seconds(1))
            #expect(run.asked == ["do a"])
            run.give(.failed(first, SagaFailure(code, "no answer within 10 s", effect: .unknown)))
            #expect(run.state.notes.isEmpty && run.state.runs[SagaStepID("a")]?.forward.status == .running)
            // Somebody did answer: that is told.
            run.give(.failed(first, SagaFailure("500", "it answered 500", effect: .unknown)))
            #expect(run.state.notes.map(\.kind) == [.late])
            // One to an attempt that is under way counts, of course.
            run.give(.failed(run.ticket(SagaStepID("a"), .forward), SagaFailure(code, "", effect: .unknown)))
            #expect(run.state.runs[SagaStepID("a")]?.forward.status == .backingOff)
        }
    }

    @Test func whatBecomesOfStepsIsToldToThoseWhoMeasure() throws {
        var run = try MachineRun(
            Samples.saga([Samples.step("a", retry: Self.retried), Samples.step("b")]))
        func told(_ occurrence: SagaOccurrence) -> String {
            "\(occurrence.step) \(occurrence.direction) \(occurrence.outcome) \(occurrence.took)"
        }
        run.fail("a", code: "busy")
        #expect(run.machine.occurrences.map(told) == ["a forward retried 0.0 seconds"])
        run.give(.woke, after: .seconds(1))
        #expect(run.machine.occurrences.isEmpty)
        run.now = run.now.advanced(by: .seconds(2))
        run.done("a")
        #expect(run.machine.occurrences.map(told) == ["a forward done 3.0 seconds"])
        run.fail("b")
        #expect(run.machine.occurrences.map(told) == ["b forward failed 0.0 seconds"])
        run.undone("a")
        #expect(run.machine.occurrences.map(told) == ["a compensation done 0.0 seconds"])
    }

    @Test func aClockThatIsPutBackHoldsNothingUp() throws {
        var run = try MachineRun(
            Samples.saga([Samples.step("a", retry: Self.retried), Samples.wait("b", .timer(.seconds(20)))]))
        let ahead = Duration.seconds(7_200)
        run.now = run.now.advanced(by: ahead)
        run.fail("a", code: "busy")
        run.now = run.now.advanced(by: .zero - ahead)
        run.give(.woke)
        #expect(run.asked == [] && run.state.wakeAt == run.now.advanced(by: .seconds(4)))
        run.give(.woke, after: .seconds(4))
        #expect(run.asked == ["do a"])
        run.now = run.now.advanced(by: ahead)
        run.done("a")
        run.now = run.now.advanced(by: .zero - ahead)
        run.give(.woke)
        run.give(.woke, after: .seconds(20))
        #expect(run.asked == ["completed"])
    }

    @Test func aPivotThatIsKnownNeverToHaveHappenedIsNoMatterOfAnOperator() throws {
        let pivot = Samples.step("b", .pivot, retry: Self.retried)
        var run = try MachineRun(Samples.saga([Samples.step("a"), pivot]))
        run.done("a")
        run.fail("b", code: "unavailable", effect: .unknown)
        run.give(.woke, after: .seconds(1))
        var unsettled = run
        run.fail("b", effect: .never)
        #expect(run.asked == ["undo a"])
        unsettled.fail("b")
        #expect(unsettled.asked == ["park b"])
    }
}
