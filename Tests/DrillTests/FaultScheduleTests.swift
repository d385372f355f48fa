import DrillKit
import TestKit
import Testing

@Suite struct FaultScheduleTests {
    private func steps(_ seed: UInt64, _ kinds: [Fault.Kind] = Fault.Kind.allCases) -> [FaultSchedule.Step] {
        var schedule = FaultSchedule(seed: seed, kinds: kinds)
        return (0..<100).map { _ in schedule.next() }
    }

    @Test func aSeedRepeatsItself() {
        let seed = RandomSource(for: "schedule").seed
        #expect(steps(seed) == steps(seed))
        #expect(steps(seed) != steps(seed &+ 1))
    }

    @Test func everyKindComesBeforeAnyComesAgain() {
        // Without those that are done again because they go with others.
        let all = Fault.Kind.allCases.filter { $0.victim != .broker }
        let kinds = steps(RandomSource(for: "schedule").seed, all).flatMap(\.faults).map(\.kind)
        let round = all.count
        #expect(Set(kinds.prefix(round)).count == round)
        #expect(Set(kinds.dropFirst(round).prefix(round)).count == round)
    }

    @Test func aKindThatCannotBeDoneNeverComes() {
        let kinds: [Fault.Kind] = [.killInstance, .cutWire]
        #expect(Set(steps(1, kinds).flatMap(\.faults).map(\.kind)) == Set(kinds))
        #expect(steps(1, []).allSatisfy { $0.faults.isEmpty })
    }

    @Test func faultsOfOneStepAreDoneToDifferentVictims() {
        let pairs = steps(RandomSource(for: "schedule").seed).map(\.faults).filter { $0.count == 2 }
        #expect(!pairs.isEmpty)
        for pair in pairs {
            #expect(pair[0].kind.victim != pair[1].kind.victim)
            #expect(pair[1].delay <= pair[0].length)
        }
    }

    @Test func whoeverCarriesIsKilledWhileTheBrokerCannotBeWritten() {
        for step in steps(RandomSource(for: "schedule").seed) where step.faults.first?.kind.victim == .broker {
            #expect(step.faults.count == 2 && step.faults[1].kind == .killInstance)
        }
    }
}
