/// What really happened to every event. It is told by the stores at the moment at which they commit, and objects at
/// once.
final class Ledger {
    private(set) var events: [SimulatedEvent] = []
    private(set) var isCommitted: [Bool] = []
    private(set) var isLogged: [Bool] = []
    private(set) var isApplied: [Bool] = []
    private(set) var isDiscarded: [Bool] = []
    /// How often an event was appended that was in the log already.
    private(set) var duplicates = 0
    /// Committed events of each key, in commit order.
    private var committed: [[Int]]
    /// How many of those are in the log, or discarded, without a gap; and the same of the view.
    private var loggedCount: [Int]
    private var appliedCount: [Int]
    /// Whether an event is parked, for the wording of a failure.
    var isParked: (Int) -> Bool = { _ in false }

    init(keys: Int) {
        committed = Array(repeating: [], count: keys)
        loggedCount = Array(repeating: 0, count: keys)
        appliedCount = loggedCount
    }

    func write(key: Int, kind: SimulatedEvent.Kind) -> Int {
        let number = events.count
        events.append(SimulatedEvent(number: number, key: key, kind: kind))
        isCommitted.append(false)
        isLogged.append(false)
        isApplied.append(false)
        isDiscarded.append(false)
        return number
    }

    func commit(_ number: Int) {
        isCommitted[number] = true
        committed[events[number].key].append(number)
    }

    func discard(_ number: Int) {
        isDiscarded[number] = true
    }

    /// An event has become durable in the log.
    func log(_ number: Int) throws {
        try checkCommitted(number, "the log")
        if isLogged[number] {
            duplicates += 1
            return
        }
        let key = events[number].key
        try check(number, after: &loggedCount[key], "the log") { isLogged[$0] || isDiscarded[$0] }
        isLogged[number] = true
    }

    /// The effect of an event has been committed.
    func apply(_ number: Int) throws {
        try checkCommitted(number, "the view")
        if isApplied[number] { throw Failure(.appliedTwice, "\(events[number])") }
        let key = events[number].key
        try check(number, after: &appliedCount[key], "the view") {
            isApplied[$0] || isDiscarded[$0] || events[$0].kind == .ignored
        }
        isApplied[number] = true
    }

    private func checkCommitted(_ number: Int, _ place: String) throws {
        if !isCommitted[number] { throw Failure(.uncommittedSeen, "\(events[number]) in \(place)") }
    }

    /// Moves `count` over everything that is done, up to `number`, which must be the next.
    private func check(_ number: Int, after count: inout Int, _ place: String, isDone: (Int) -> Bool) throws {
        let order = committed[events[number].key]
        while count < order.count, order[count] != number {
            let earlier = order[count]
            guard isDone(earlier) else {
                throw Failure(
                    isParked(earlier) ? .overtookParked : .outOfOrder,
                    "\(events[number]) is in \(place), and \(events[earlier]) before it is not")
            }
            count += 1
        }
    }

    /// Whether everything has come to its end.
    func checkNothingIsLost() throws {
        for event in events where isCommitted[event.number] && !isDiscarded[event.number] {
            let isDone = event.kind == .ignored ? isLogged[event.number] : isApplied[event.number]
            if !isDone { throw Failure(.lost, "\(event)") }
        }
    }
}
