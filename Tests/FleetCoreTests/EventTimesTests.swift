import FleetCore
import Testing

@Suite struct EventTimesTests {
    private func event(_ microseconds: Int64) -> Event {
        Event(
            id: .make(), source: "/shop/orders", type: "Placed", key: "1", aggregateType: "Order",
            time: Timestamp(microseconds: microseconds), payload: [])
    }

    @Test func theLastOnesAreHandedOutInOrder() {
        let numbers: [Int64] = [3, 1, 2, 5, 4]
        for times in [EventTimes(of: numbers.map(event)), EventTimes(numbers.map { Timestamp(microseconds: $0) })] {
            #expect(times.count == 5)
            func last(_ count: Int) -> [Int64] {
                var found: [Int64] = []
                times.forEach(last: count) { found.append($0.microseconds) }
                return found
            }
            #expect(last(.max) == numbers && last(5) == numbers)
            #expect(last(2) == [5, 4] && last(0) == [] && last(-1) == [])
        }
    }
}
