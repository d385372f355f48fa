import FleetCore
import SagaModel
import Sagas
import TestKit

/// One seed: a few sagas, two owners, and everything that can go wrong around them.
final class SagaStorm {
    /// Something on its way.
    enum Message {
        case work(saga: String, SagaWork)
        case input(saga: String, SagaInput)
    }

    let bug: PlantedBug?
    let roundTrip: Bool
    var random: RandomSource
    var now = Timestamp(microseconds: 1_000_000)
    var faultPercent: Int
    let crashPercent: Int
    var definitions: [String: SagaDefinition] = [:]
    var ids: [String] = []
    var journal = SagaJournal()
    var locks = LockTable()
    var participant = Participant()
    let ledger = SagaLedger()
    var owners = [SagaOwner(), SagaOwner()]
    var mail: [Message] = []
    var counts: [Occurrence: Int] = [:]
    private let isTracing: Bool
    private(set) var trace: [String] = []

    init(seed: Int, bug: PlantedBug? = nil, isTracing: Bool = false) {
        random = RandomSource(seed: UInt64(truncatingIfNeeded: seed))
        self.bug = bug
        self.isTracing = isTracing
        roundTrip = isTracing || seed % 8 == 0
        faultPercent = [0, 10, 25, 50][random.below(4)]
        crashPercent = [0, 1, 3, 8][random.below(4)]
    }

    func note(_ text: @autoclosure () -> String) {
        if isTracing { trace.append("\(now.microseconds / 1000) ms  \(text())") }
    }

    func count(_ occurrence: Occurrence) { counts[occurrence, default: 0] += 1 }

    // MARK: The run

    func run() throws {
        try start()
        for _ in 0..<random.between(20, 90) { try step() }
        faultPercent = 0
        try calm(isOperated: false)
        for id in ids {
            guard let state = journal.entries[id]?.state else { continue }
            if state.isParked { count(.parked) }
            if state.outcome == nil, !state.isParked { throw Verdict(.stuck, "\(id) is \(state.phase)") }
        }
        try calm(isOperated: true)
        try judge()
    }

    private func start() throws {
        for index in 0..<random.between(1, 2) {
            let id = "saga-\(index)"
            // The second is mostly of the same definition as the first, for the same lock.
            let first = ids.first.flatMap { definitions[$0] }
            let definition =
                first.flatMap { random.chance(70) ? $0 : nil } ?? DefinitionGenerator.definition(using: &random)
            let (number, lines, key) = (random.below(10), random.below(4), random.below(10) / 8)
            let array = (0..<lines).map(String.init).joined(separator: ",")
            let machine = try SagaMachine(
                definition, id: id, data: "{\"k\":\(key),\"n\":\(number),\"lines\":[\(array)]}", at: now)
            ledger.open(
                id, definition, number: number, lines: lines, lockKeys: machine.state.locks.map(\.key))
            definitions[id] = definition
            ids.append(id)
            journal.begin(machine.state)
            if random.chance(20) { mail.append(.input(saga: id, event(of: id))) }
            note("\(id): \(definition)")
        }
    }

    private func step() throws {
        switch random.below(100) {
        case 0..<45 where !mail.isEmpty: try deliver()
        case 45..<80: try carryOut()
        case 80..<90: try advanceTime()
        case 90..<92: try takeOver(ids[random.below(ids.count)])
        case 92..<95: try operate(isForced: false)
        case 95: try cancel()
        default: if random.chance(crashPercent * 4) { crash(random.below(2)) }
        }
    }

    /// Lets everything come to its end.
    private func calm(isOperated: Bool) throws {
        for _ in 0..<5_000 {
            if mail.isEmpty, owners.allSatisfy(\.pending.isEmpty) {
                if isOperated, try operate(isForced: true) { continue }
                let open = ids.filter { journal.entries[$0]?.state.outcome == nil }
                for id in open where !owners.contains(where: { $0.holds(id, in: journal) }) { try takeOver(id) }
                if mail.isEmpty, owners.allSatisfy(\.pending.isEmpty), try !advanceTime() { return }
            }
            if mail.isEmpty { try carryOut() } else { try deliver() }
        }
        throw Verdict(.stuck, "the calm never ends")
    }

    private func judge() throws {
        for id in ids {
            if let state = journal.entries[id]?.state { try ledger.checkEnd(state, participant) }
            if let entry = journal.entries[id], let outcome = entry.state.outcome {
                switch outcome {
                case .completed: count(.completed)
                case .compensated: count(.compensated)
                case .rejected: count(.rejected)
                }
                if entry.state.isOverdue { count(.overdue) }
                for note in entry.state.notes {
                    switch note.kind {
                    case .duplicate: count(.duplicate)
                    case .late: count(.late)
                    default: break
                    }
                }
            }
        }
        // Who released a lock and crashed before that has it released by whoever takes the saga over.
        for id in ids { try takeOver(id) }
        while owners.contains(where: { !$0.pending.isEmpty }) || !mail.isEmpty {
            if mail.isEmpty { try carryOut() } else { try deliver() }
        }
        for (key, holding) in locks.holdings where holding.until > now {
            throw Verdict(.lockLeft, "\(key) is held by \(holding.saga)")
        }
    }

    // MARK: Mail

    private func deliver() throws {
        guard !mail.isEmpty else { return }
        let index = random.below(mail.count)
        let message = mail[index]
        if random.chance(faultPercent / 3) {
            count(.duplicatedMail)
        } else {
            mail.remove(at: index)
        }
        if random.chance(faultPercent / 3) {
            note("lost: \(message)")
            return count(.lostMail)
        }
        switch message {
        case .work(let id, let work):
            let answer = participant.perform(work, of: id, faultPercent: faultPercent, using: &random)
            note("\(id): \(work.ticket) performed, \(answer.map { "\($0)" } ?? "no answer")")
            if let answer { mail.append(.input(saga: id, answer)) }
        case .input(let id, let input): try give(id, input)
        }
    }

    /// Gives an input to whoever owns the saga; now and then to one who only believes so.
    func give(_ id: String, _ input: SagaInput) throws {
        let believers = owners.indices.filter { owners[$0].machines[id] != nil }
        guard let current = believers.first(where: { owners[$0].holds(id, in: journal) }) else {
            if let stale = believers.first { try handle(id, input, by: stale) }
            try takeOver(id)
            mail.append(.input(saga: id, input))
            return
        }
        try handle(id, input, by: random.chance(30) ? believers[random.below(believers.count)] : current)
    }

    func event(of id: String) -> SagaInput {
        let data = journal.entries[id]?.state.data ?? "{}"
        return .occurred(SagaEventName(service: "s", type: "Arrived"), payload: data, id: "e\(random.below(3))")
    }

    // MARK: Time

    /// Moves on to the next time that somebody waits for; false where nobody does.
    @discardableResult
    private func advanceTime() throws -> Bool {
        let wakes = owners.indices.flatMap { owner in owners[owner].wakes.map { (owner, $0.key, $0.value) } }
        guard let next = wakes.min(by: { ($0.2, $0.1, $0.0) < ($1.2, $1.1, $1.0) }) else { return false }
        now = max(now, next.2)
        owners[next.0].wakes[next.1] = nil
        note("woken: \(next.1)")
        for (_, holding) in locks.holdings where holding.until <= now { ledger.loseLock(holding.saga) }
        for (key, holding) in locks.expire(at: now) {
            mail.append(.input(saga: holding.saga, .lockTaken(key: key, until: holding.until)))
        }
        try handle(next.1, .woke, by: next.0)
        return true
    }
}

/// What a simulation must have seen now and then, or it shows nothing.
enum Occurrence: String, CaseIterable {
    case crash, takeover, fenced, lostMail, duplicatedMail, duplicate, late, lockConflict, lockWait
    case completed, compensated, rejected, parked, overdue, cancel, operatorRetry, operatorSkip, operatorResolve
}
