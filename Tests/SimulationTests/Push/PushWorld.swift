import Brokers
import FleetCore
import Parking
import TestKit

/// Everything that outlives the process: the stream, the store and the receivers; and the judge of what they see.
final class PushWorld {
    enum Kind { case plain, refused, poison, ignored }

    struct Row {
        var number: Int
        var sequence: Int64
        var reason: String?
        var attempts: Int
        var nextAttempt: Timestamp?
    }

    let scenario: PushScenario
    let bug: PushBug?
    var random: RandomSource
    var now = Timestamp(microseconds: 1_000_000)
    /// The storm is over: nothing fails by itself any more.
    var isCalm = false
    /// Whether poison still is; in the calm the receivers are mended.
    var isUp = [true, true]

    private(set) var records: [LogRecord] = []
    private(set) var kinds: [Kind] = []
    private(set) var cursor = LogPosition.start
    private(set) var parked: [Row] = []
    private var lastSequence: Int64 = 0
    /// Events that a receiver has taken, and those that an operator has dropped.
    private(set) var taken: Set<Int> = []
    private(set) var discarded: Set<Int> = []
    private(set) var repeats = 0
    private(set) var trace: [String] = []
    var counts: [String: Int] = [:]

    private let isTracing: Bool

    init(seed: Int, bug: PushBug?, isTracing: Bool) {
        self.isTracing = isTracing
        random = RandomSource(seed: seed)
        scenario = PushScenario(using: &random)
        self.bug = bug
        for number in 0..<scenario.events {
            let key = "k\(random.below(scenario.keys))"
            let kind: Kind =
                random.chance(scenario.refusedPercent)
                ? .refused : random.chance(scenario.poisonPercent) ? .poison : random.chance(10) ? .ignored : .plain
            kinds.append(kind)
            let type = kind == .ignored ? "Ignored" : "T\(random.below(2))"
            let event = Event(
                id: EventID(high: 0, low: UInt64(number)), source: "/sim/writer", type: type, key: key,
                aggregateType: "a", time: Timestamp(microseconds: 1), payload: [])
            records.append(LogRecord(position: LogPosition(Int64(number + 1)), event: event))
        }
    }

    static let routes = ["T0": 0, "T1": 1]

    var last: LogPosition { LogPosition(Int64(records.count)) }

    func note(_ text: @autoclosure () -> String) {
        guard isTracing else { return }
        trace.append("\(now.microseconds / 1000) ms  \(text())")
        if trace.count > 400 { trace.removeFirst(200) }
    }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    // MARK: The stream

    func read(after position: LogPosition) -> [LogRecord] {
        var found = Array(records.dropFirst(Int(position.value)).prefix(scenario.batchLimit))
        if bug == .skipsRecord, found.count > 2 { found.remove(at: 1) }
        if bug == .swapsTwoOfKey {
            for (one, two) in zip(found.indices, found.indices.dropFirst())
            where found[one].event.key == found[two].event.key {
                let event = found[one].event
                found[one].event = found[two].event
                found[two].event = event
            }
        }
        return found
    }

    // MARK: The receivers

    /// A request arrives, if it does.
    /// - Returns: whether it was taken, refused, or failed.
    func receive(_ event: Event, at endpoint: Int) throws -> (status: Int, isLost: Bool) {
        let number = Int(event.id.low)
        let isLost = !isCalm && random.chance(scenario.failurePercent)
        if !isUp[endpoint] || (isLost && random.chance(50)) { return (0, true) }
        switch kinds[number] {
        case .refused: return (422, isLost)
        case .poison where !isCalm: return (500, isLost)
        case .plain, .poison, .ignored: break
        }
        if taken.contains(number) {
            repeats += 1
        } else {
            for earlier in 0..<number where records[earlier].event.key == event.key && kinds[earlier] != .ignored {
                guard taken.contains(earlier) || discarded.contains(earlier) else {
                    throw Failure(.outOfOrder, "#\(number) was taken, and #\(earlier) of its key was not")
                }
            }
            taken.insert(number)
        }
        return (200, isLost)
    }

    // MARK: The store

    var heldKeys: Set<String> { Set(parked.map { key($0) }) }
    var nextDue: Timestamp? { parked.compactMap(\.nextAttempt).min() }
    func key(_ row: Row) -> String { records[row.number].event.key }
    func head(of key: String) -> Row? { parked.first { self.key($0) == key } }

    func parkedEvent(_ row: Row) -> ParkedEvent {
        let event = records[row.number].event
        return ParkedEvent(
            sequence: row.sequence, position: Int64(row.number + 1), eventID: event.id.description, event: event,
            reason: row.reason, attempts: row.attempts, nextAttempt: row.nextAttempt, parkedAt: now)
    }

    func park(_ number: Int, reason: String?, nextAttempt: Timestamp?) {
        lastSequence += 1
        parked.append(
            Row(
                number: number, sequence: lastSequence, reason: reason, attempts: reason == nil ? 0 : 1,
                nextAttempt: nextAttempt))
    }

    /// Moves the cursor; everything that it passes must be taken, parked or nobody's.
    func moveCursor(to position: LogPosition) throws {
        for number in Int(cursor.value)..<Int(position.value) {
            guard
                kinds[number] == .ignored || taken.contains(number) || parked.contains(where: { $0.number == number })
                    || discarded.contains(number)
            else { throw Failure(.cursorTooFar, "the cursor passes #\(number), which was neither taken nor parked") }
        }
        cursor = position
    }

    func undo(_ saved: (cursor: LogPosition, parked: [Row])) { (cursor, parked) = saved }
    var saved: (cursor: LogPosition, parked: [Row]) { (cursor, parked) }

    func remove(_ sequence: Int64) { parked.removeAll { $0.sequence == sequence } }

    func change(_ sequence: Int64, _ body: (inout Row) -> Void) {
        if let index = parked.firstIndex(where: { $0.sequence == sequence }) { body(&parked[index]) }
    }

    func discard(_ row: Row) {
        discarded.insert(row.number)
        remove(row.sequence)
    }

    // MARK: The end

    func checkNothingIsLost() throws {
        for number in records.indices where kinds[number] != .ignored {
            if !taken.contains(number), !discarded.contains(number) { throw Failure(.lost, "#\(number)") }
        }
    }
}
