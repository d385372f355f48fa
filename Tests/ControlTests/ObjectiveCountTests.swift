import FleetCore
import Objectives
import Testing

@testable import Control

@Suite struct ObjectiveCountTests {
    /// A second counts as one, however long it took to come to count it: a store that hangs holds up who counts as well.
    @Test func availabilityIsCountedInSeconds() {
        let objective = Objective(
            name: "up", subject: ObjectiveSubject(.store, "orders"), measure: .availability, target: 0.99)
        var count = ObjectiveCount(
            ObjectiveJournal.Kept([objective]), [])
        let (wall, steady) = (Timestamp(microseconds: 1_800_000_000_000_000), ContinuousClock.now)
        func counted(after elapsed: Duration, _ condition: ObjectiveCount.Condition) -> [Int64] {
            let sums = count.count(at: wall.advanced(by: elapsed), steady: steady + elapsed) { _ in
                ObjectiveCount.Waiting()
            } condition: { _ in
                condition
            }
            return [sums[0].total, sums[0].bad]
        }
        #expect(counted(after: .zero, .well) == [1, 0])
        #expect(counted(after: .milliseconds(1900), .well) == [1, 0])
        // What was left of a second is counted with the next.
        #expect(counted(after: .milliseconds(2000), .well) == [1, 0])
        #expect(counted(after: .seconds(14), .ill) == [12, 12])
        #expect(counted(after: .milliseconds(14_500), .ill) == [0, 0])
        // How it was while nobody looked, nobody knows.
        #expect(counted(after: .seconds(4000), .ill) == [60, 60])
        #expect(counted(after: .seconds(4001), .well) == [1, 0])
        #expect(counted(after: .seconds(4002), .unknown) == [0, 0])
    }
}
