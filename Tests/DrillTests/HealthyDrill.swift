import DrillJudge
import FleetCore
import TestKit

/// A drill that went well, made up from a seed: a history, and what stores and broker would hold after it.
///
/// The store of `orders` can be asked what it committed; that of `stock` cannot.
struct HealthyDrill {
    static let journaled = "orders"
    static let unjournaled = "stock"
    static let views = ["copies.ledger", "mirror.ledger"]

    var history = History()
    var observations = Observations()
    private var random: RandomSource
    private var counters: [Fold.Place: Int] = [:]
    private var time = 0

    init(seed: UInt64, transactions: Int = 400) {
        random = RandomSource(seed: seed)
        history.take(
            HistoryEntry(
                at: 0,
                .opened(
                    Opening(seed: seed, broker: "none", seconds: 1, command: "made up", recoveryBound: 60_000))))
        history.take(
            HistoryEntry(at: 100, .faultBegan(FaultRecord(number: 1, step: 1, name: "crash of a store", begin: 100))))
        history.take(HistoryEntry(at: 400, .faultEnded(number: 1)))
        history.take(HistoryEntry(at: 900, .recovered(step: 1, milliseconds: 500)))
        observations.views = Self.views.map { ViewState(name: $0, applications: [], folds: [:]) }
        for service in [Self.journaled, Self.unjournaled] {
            observations.streams[service] = []
            observations.outboxes.append(
                OutboxState(service: service, pending: 0, retained: 1_000, retainedBound: 2_000))
        }
        observations.journals[Self.journaled] = []
        for _ in 0..<transactions { happen() }
        for number in observations.views.indices { fold(number) }
        for number in 0..<(transactions / 4) { transfer(number) }
        for service in ["payer", "keeper", "payee"] {
            let moved = observations.sagas.moves.filter { $0.kind.service == service }.map(\.kind.amount).reduce(0, +)
            observations.sagas.accounts.append(Money(service: service, before: 10_000, after: 10_000 + moved))
        }
    }

    /// A transfer that is asked for, or was to be, and its saga.
    private mutating func transfer(_ number: Int) {
        let id = "transfer-\(number)"
        let isImpossible = number.isMultiple(of: 5)
        let outcome =
            [Outcome.committed, .committed, .rolledBack, .unknown].randomElement(using: &random) ?? .committed
        history.take(
            HistoryEntry(at: time, .asked(AskedTransfer(id: id, outcome: outcome, isImpossible: isImpossible))))
        guard outcome == .committed || outcome == .unknown && Bool.random(using: &random) else { return }
        observations.sagas.asked.insert(id)
        // The last of them waits for an operator.
        if number % 50 == 49 {
            move(id, .withdraw, .hold)
            return observations.sagas.sagas.append(
                SagaRecord(transfer: id, status: "parked", reason: "deposit: nobody knows"))
        }
        if isImpossible {
            move(id, .withdraw, .hold, .release, .redeposit)
        } else {
            move(id, .withdraw, .hold, .deposit)
        }
        observations.sagas.sagas.append(SagaRecord(transfer: id, status: isImpossible ? "compensated" : "completed"))
    }

    private mutating func move(_ transfer: String, _ kinds: Move.Kind...) {
        for kind in kinds {
            observations.sagas.moves.append(
                Move(number: observations.sagas.moves.count + 1, transfer: transfer, kind: kind))
        }
    }

    /// Counts events of a key as its store does: what is undone gives its versions back.
    private mutating func events(of service: String, _ key: String, _ count: Int) -> [WrittenEvent] {
        (0..<count).map { _ in
            let version = (counters[Fold.Place(service: service, key: key)] ?? 0) + 1
            counters[Fold.Place(service: service, key: key)] = version
            var kind = WrittenEvent.Kind.ordinary
            if key == "bad", version % 5 == 3 { kind = .poison }
            if key == "odd", version % 5 == 3 { kind = .undeclared }
            return WrittenEvent(
                id: .version7(at: Timestamp(microseconds: 0), using: &random), key: key, version: version, kind: kind)
        }
    }

    private mutating func happen() {
        time += 3
        let service = Bool.random(using: &random) ? Self.journaled : Self.unjournaled
        let keys = ["k1", "k2", "k3", "bad", "odd"].shuffled(using: &random).prefix(
            Int.random(in: 1...3, using: &random))
        let known = counters
        var transaction = WrittenTransaction(
            id: "t\(history.transactions.count + 1)", service: service, events: [])
        for key in keys.sorted() {
            if Int.random(in: 0..<5, using: &random) == 0 {
                let before = counters
                transaction.undone += events(of: service, key, 2)
                counters = before
            }
            transaction.events += events(of: service, key, Int.random(in: 1...3, using: &random))
        }
        let outcome =
            [Outcome.committed, .committed, .committed, .rolledBack, .unknown]
            .randomElement(using: &random) ?? .committed
        let isCommitted = outcome == .committed || outcome == .unknown && Bool.random(using: &random)
        history.take(HistoryEntry(at: time, .began(transaction)))
        history.take(HistoryEntry(at: time, .ended(transaction: transaction.id, outcome: outcome)))
        if isCommitted { carry(transaction) } else { counters = known }
    }

    private mutating func carry(_ transaction: WrittenTransaction) {
        let service = transaction.service
        if observations.journals[service] != nil {
            observations.journals[service, default: []] += transaction.events.map {
                JournalRow(transaction: transaction.id, event: $0.id, key: $0.key, version: $0.version)
            }
        }
        for event in transaction.events {
            if holds(.outbox, service, event.key) || event.kind == .undeclared {
                park(event, .outbox, service, event.kind == .undeclared ? "type Undeclared is not declared" : nil)
                continue
            }
            observations.streams[service]?.append(StreamRecord(event: event.id, key: event.key))
            for number in observations.views.indices { apply(event, of: service, toView: number) }
        }
        // The relay was killed before it knew, and appended them once more.
        if Int.random(in: 0..<20, using: &random) == 0, let tail = observations.streams[service]?.suffix(3) {
            observations.streams[service]?.append(contentsOf: tail)
        }
    }

    private mutating func apply(_ event: WrittenEvent, of service: String, toView number: Int) {
        let name = observations.views[number].name
        if holds(.view(name), service, event.key) || event.kind == .poison {
            park(event, .view(name), service, event.kind == .poison ? "the field n is missing" : nil)
        } else {
            observations.views[number].applications.append(
                ViewState.Application(service: service, event: event.id, key: event.key, version: event.version))
        }
    }

    private func holds(_ place: ParkedRecord.Place, _ service: String, _ key: String) -> Bool {
        observations.parked.contains { $0.place == place && $0.service == service && $0.key == key }
    }

    private mutating func park(_ event: WrittenEvent, _ place: ParkedRecord.Place, _ service: String, _ why: String?) {
        observations.parked.append(
            ParkedRecord(place: place, service: service, event: event.id, key: event.key, reason: why))
    }

    // MARK: For bugs

    /// What a view's statements make of what it applied.
    mutating func fold(_ number: Int) {
        var versions: [Fold.Place: [Int]] = [:]
        for application in observations.views[number].applications {
            versions[Fold.Place(service: application.service, key: application.key), default: []].append(
                application.version)
        }
        observations.views[number].folds = versions.compactMapValues { Fold($0) }
    }

    /// Changes what a view applied, as if it had been so from the beginning.
    mutating func change(view number: Int, _ body: (inout [ViewState.Application]) -> Void) {
        body(&observations.views[number].applications)
        fold(number)
    }

    /// Takes events out of the broker and of every view.
    mutating func lose(_ events: Set<EventID>) {
        for service in observations.streams.keys {
            observations.streams[service]?.removeAll { events.contains($0.event) }
        }
        for number in observations.views.indices { change(view: number) { $0.removeAll { events.contains($0.event) } } }
        observations.parked.removeAll { events.contains($0.event) }
    }

    /// A transaction of a service with an outcome, of whose events at least two are applied everywhere, and in the broker.
    func transaction(of service: String, _ outcome: Outcome) throws -> WrittenTransaction {
        let applied = Set(observations.views[0].applications.map(\.event))
        let found = history.transactions.first { transaction in
            transaction.service == service && transaction.outcome == outcome && transaction.undone.isEmpty
                && transaction.events.count >= 2 && transaction.events.allSatisfy { applied.contains($0.id) }
        }
        guard let found else { throw CheckFailure("there is no such transaction") }
        return found
    }

    func judged() -> Judgement { Judge.judge(history, observations) }
}
