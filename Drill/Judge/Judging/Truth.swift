import FleetCore

/// What was truly committed, and what must have become of it: from the history, and from what the services' stores say of
/// themselves where they say it.
struct Truth {
    /// An event that some writer wrote.
    struct Fact {
        /// Its place among the history's transactions.
        var transaction: Int
        var event: WrittenEvent
        var isUndone: Bool
    }

    /// What must have become of the committed events of one key of one service, each in the order of commits.
    struct Fate {
        /// In every view.
        var applied: [WrittenEvent] = []
        /// In the broker; each view has it among its parked events.
        var parkedAtViews: [WrittenEvent] = []
        /// At the outbox, parked or waiting.
        var parkedAtOutbox: [WrittenEvent] = []
    }

    let transactions: [WrittenTransaction]
    private(set) var facts: [EventID: Fact] = [:]
    /// Of the transactions, which are committed.
    private(set) var isCommitted: [Bool]
    private(set) var fates: [Fold.Place: Fate] = [:]

    init(_ history: History, _ observations: Observations) {
        transactions = history.transactions
        for (number, transaction) in transactions.enumerated() {
            for event in transaction.events {
                facts[event.id] = Fact(transaction: number, event: event, isUndone: false)
            }
            for event in transaction.undone {
                facts[event.id] = Fact(transaction: number, event: event, isUndone: true)
            }
        }
        isCommitted = transactions.map { $0.outcome == .committed }
        decideUnknown(observations)
        decideFates()
    }

    /// What a writer was not told: the service's own store knows it; where that does not tell, whatever was delivered must
    /// have been committed.
    private mutating func decideUnknown(_ observations: Observations) {
        let journaled = observations.journals.mapValues { Set($0.map(\.transaction)) }
        var seen = Set(observations.streams.values.joined().map(\.event))
        seen.formUnion(observations.parked.lazy.filter { $0.place == .outbox }.map(\.event))
        for (number, transaction) in transactions.enumerated() where transaction.outcome == .unknown {
            if let known = journaled[transaction.service] {
                isCommitted[number] = known.contains(transaction.id)
            } else {
                isCommitted[number] = transaction.events.contains { seen.contains($0.id) }
            }
        }
    }

    private mutating func decideFates() {
        var events: [Fold.Place: [WrittenEvent]] = [:]
        for (number, transaction) in transactions.enumerated() where isCommitted[number] {
            for event in transaction.events {
                events[Fold.Place(service: transaction.service, key: event.key), default: []].append(event)
            }
        }
        fates = events.mapValues { events in
            let events = events.sorted { $0.version < $1.version }
            let undeclared = events.firstIndex { $0.kind == .undeclared } ?? events.count
            let poison = events[..<undeclared].firstIndex { $0.kind == .poison } ?? undeclared
            return Fate(
                applied: Array(events[..<poison]), parkedAtViews: Array(events[poison..<undeclared]),
                parkedAtOutbox: Array(events[undeclared...]))
        }
    }

    func transaction(of fact: Fact) -> WrittenTransaction { transactions[fact.transaction] }

    /// Why an event must not be seen anywhere; `nil` where it may.
    func objection(to event: EventID) -> String? {
        guard let fact = facts[event] else { return "no writer wrote it" }
        if fact.isUndone { return "a savepoint undid it" }
        if isCommitted[fact.transaction] { return nil }
        return transaction(of: fact).outcome == .rolledBack
            ? "its transaction was rolled back"
            : "its transaction, whose outcome its writer did not learn, is not in the store"
    }
}
