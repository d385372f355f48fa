import FleetCore
import Foundation
import SagaModel
import Sagas
import Testing

/// Parking and operators, locks, and what comes back from a journal.
@Suite struct SagaParkingTests {
    private static let id = SagaStepID("a")

    private func parkedCompensation() throws -> MachineRun {
        var run = try MachineRun(Samples.saga([Samples.step("a", undoRetry: Samples.twice), Samples.step("b")]))
        run.done("a")
        run.fail("b")
        run.fail("a", .compensation, code: "busy")
        #expect(run.asked == [])
        run.give(.woke, after: .seconds(1))
        #expect(run.asked == ["undo a"])
        run.fail("a", .compensation, code: "busy")
        #expect(run.asked == ["park a"] && run.state.isParked)
        return run
    }

    @Test func aFailingCompensationIsRetriedThenParked() throws {
        var run = try parkedCompensation()
        run.give(.retry(Self.id))
        #expect(run.asked == ["undo a"] && !run.state.isParked)
        run.undone("a")
        #expect(run.state.outcome != nil)
    }

    @Test func aParkedCompensationIsSkippedForAReasonOnly() throws {
        var run = try parkedCompensation()
        run.give(.skip(Self.id, reason: ""))
        #expect(run.asked == [] && run.state.notes.last?.kind == .refused)
        run.give(.skip(Self.id, reason: "refunded by hand"))
        #expect(run.state.outcome != nil && run.state.runs[Self.id]?.compensation?.remark == "refunded by hand")
    }

    @Test func whatIsNotParkedIsLeftAlone() throws {
        var run = try MachineRun(Samples.order)
        let before = run.state.runs
        for input in [
            SagaInput.retry(SagaStepID("reserve")), .skip(SagaStepID("reserve"), reason: "x"),
            .skip(Self.id, reason: "x"),
            .resolve(SagaStepID("reserve"), .notDone, reason: "x"),
        ] {
            run.give(input)
            #expect(run.asked == [] && run.state.notes.last?.kind == .refused)
        }
        #expect(run.state.runs == before)
    }

    @Test func anUncertainPivotIsParkedAndResolved() throws {
        var run = try MachineRun(Samples.order)
        run.done("reserve")
        run.done("charge")
        run.give(.woke, after: .seconds(10))
        #expect(run.asked == ["park confirm"])
        let pivot = SagaStepID("confirm")
        run.give(.skip(pivot, reason: "x"))
        #expect(run.state.isParked)
        var (undone, late) = (run, run)
        run.give(.resolve(pivot, .done(reply: "{}"), reason: "seen"))
        #expect(run.asked == ["do tell"])
        undone.give(.resolve(pivot, .notDone, reason: "not seen"))
        #expect(undone.asked == ["undo charge"])
        // The answer comes after all.
        late.done("confirm")
        #expect(late.asked == ["do tell"])
    }

    @Test func aRetriableStepIsParkedAndNeverUndone() throws {
        var run = try MachineRun(Samples.order)
        for step in ["reserve", "charge", "confirm"] { run.done(step) }
        run.fail("tell")
        #expect(run.asked == ["park tell"])
        run.give(.cancel(reason: "x"))
        run.give(.resolve(SagaStepID("tell"), .notDone, reason: "x"))
        #expect(run.state.isParked)
        run.give(.skip(SagaStepID("tell"), reason: "told by hand"))
        #expect(run.asked == ["completed"])
    }

    // MARK: Locks

    private func locked(_ conflict: SagaLock.Conflict) throws -> SagaDefinition {
        let key = try #require(SagaTemplate("order:{data.id}"))
        return Samples.saga(
            [Samples.step("a"), Samples.step("b")],
            locks: [SagaLock(key: key, duration: .seconds(3_600), conflict: conflict)])
    }

    @Test func nothingIsDoneWithoutTheLock() throws {
        var run = try MachineRun(try locked(.wait), data: "{\"id\":7}")
        #expect(run.asked == ["lock order:7"])
        run.give(.lockTaken(key: "order:8", until: run.now))
        #expect(run.asked.contains("release order:8"))
        run.give(.lockTaken(key: "order:7", until: run.now.advanced(by: .seconds(3_600))))
        #expect(run.asked == ["do a"])
        run.done("a")
        run.done("b")
        #expect(run.asked == ["release order:7", "completed"])
    }

    @Test func aConflictIsWaitedForFailedOrRejected() throws {
        for (conflict, expected) in [
            (SagaLock.Conflict.fail, "compensated: order:7 is locked by 2"),
            (.reject, "rejected: order:7 is locked by 2"),
        ] {
            var run = try MachineRun(try locked(conflict), data: "{\"id\":7}")
            run.give(.lockConflict(key: "order:7", holder: "2"))
            #expect(run.asked == ["release order:7", expected])
            run.give(.lockTaken(key: "order:7", until: run.now))
            #expect(run.asked == ["release order:7"])
        }
        var run = try MachineRun(try locked(.wait), data: "{\"id\":7}")
        run.give(.cancel(reason: "x"))
        #expect(run.asked == ["release order:7", "compensated: cancelled: x"])
    }

    @Test func aLostLockTurnsTheSagaAround() throws {
        var run = try MachineRun(try locked(.wait), data: "{\"id\":7}")
        run.give(.lockTaken(key: "order:7", until: run.now.advanced(by: .seconds(5))))
        run.done("a")
        run.give(.woke, after: .seconds(5))
        #expect(run.asked == [])
        run.give(.lockLost(key: "order:7"))
        run.fail("b")
        #expect(run.asked == ["undo a"])
        #expect(run.state.stop == .lockLost(key: "order:7"))
    }

    @Test func dataWithoutTheKeyStartNothing() throws {
        let definition = try locked(.wait)
        for data in ["{}", "{\"id\":null}", "{\"id\":{}}", "{", ""] {
            #expect(throws: FleetError.self) {
                try SagaMachine(definition, id: "1", data: data, at: Timestamp(microseconds: 0))
            }
        }
    }

    // MARK: The journal

    @Test func theStateComesBackAsItWas() throws {
        var run = try parkedCompensation()
        run.give(.retry(Self.id))
        let text = try run.state.json()
        let state = try JSONDecoder().decode(SagaState.self, from: Data(text.utf8))
        #expect(state == run.state)
        let machine = try SagaMachine(run.machine.definition, resuming: state)
        #expect(
            machine.resume().contains { if case .perform(let work) = $0 { work.ticket.attempt == 3 } else { false } })
        #expect(throws: FleetError.self) { try SagaMachine(Samples.order, resuming: state) }
    }

    @Test func definitionsComeBackAsTheyWere() throws {
        let text = try JSONEncoder().encode(Samples.order)
        #expect(try JSONDecoder().decode(SagaDefinition.self, from: text) == Samples.order)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(SagaReference.self, from: Data("\"nowhere\"".utf8))
        }
    }
}
