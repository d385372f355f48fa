import FleetCore

/// Compares what happened in a drill with what stores and broker hold in the end. Pure: it reads nothing, and asks nobody.
public struct Judge {
    let history: History
    let observations: Observations
    let truth: Truth
    let wording: Wording
    var judgement = Judgement()
    /// By service: the events in its stream.
    var streamed: [String: Set<EventID>] = [:]
    /// By place and service: the events that lie there.
    var parkedEvents: [ParkedRecord.Place: [String: Set<EventID>]] = [:]

    /// - Returns: what is wrong, in the order in which one looks for causes, and what was counted.
    public static func judge(_ history: History, _ observations: Observations) -> Judgement {
        var judge = Judge(history, observations)
        judge.judgeStores()
        judge.judgeProcesses()
        judge.judgeOutboxes()
        for service in judge.services { judge.judgeStream(of: service) }
        for view in observations.views { judge.judgeView(view) }
        judge.judgeParked()
        judge.judgeSagas()
        judge.judgeRecoveries()
        judge.count()
        judge.judgement.findings.sort { $0.rule < $1.rule }
        return judge.judgement
    }

    private init(_ history: History, _ observations: Observations) {
        self.history = history
        self.observations = observations
        truth = Truth(history, observations)
        wording = Wording(truth: truth, faults: history.faults)
        streamed = observations.streams.mapValues { Set($0.map(\.event)) }
        for record in observations.parked {
            parkedEvents[record.place, default: [:]][record.service, default: []].insert(record.event)
        }
    }

    /// Every service that wrote, or whose stream was looked at.
    var services: [String] {
        Set(history.transactions.map(\.service)).union(observations.streams.keys).sorted()
    }

    mutating func find(_ rule: Finding.Rule, _ examples: Examples, _ message: (Int) -> String) {
        guard !examples.isEmpty else { return }
        judgement.findings.append(Finding(rule, message(examples.count), examples: examples.texts))
    }

    // MARK: Stores and outboxes

    /// A store that forgets or invents makes every other finding worthless: so it is told first.
    private mutating func judgeStores() {
        for (service, journal) in observations.journals.sorted(by: { $0.key < $1.key }) {
            let events = Set(journal.map(\.event))
            var missing = Examples()
            var surplus = Examples()
            for transaction in truth.transactions where transaction.service == service {
                let found = transaction.events.count { events.contains($0.id) }
                let name = "transaction \(transaction.id) at \(Wording.seconds(transaction.at))"
                let total = transaction.events.count
                if transaction.outcome == .committed, found < total {
                    missing.add("\(name): \(found) of its \(total) rows are there")
                } else if transaction.outcome == .unknown, found > 0, found < total {
                    missing.add("\(name), of unknown outcome: \(found) of its \(total) rows are there")
                } else if transaction.outcome == .rolledBack, found > 0 {
                    surplus.add("\(name): \(found) of its rows are there")
                }
            }
            for row in journal {
                let fact = truth.facts[row.event]
                if fact == nil || fact?.isUndone == true { surplus.add(wording.told(row.event)) }
            }
            find(.store, missing) { "the store of \(service) has not all that it committed: \($0) transactions" }
            find(.store, surplus) { "the store of \(service) has what was rolled back: \($0) cases" }
        }
    }

    /// Whatever fails around it, `flotilla run` waits for it to come back.
    private mutating func judgeProcesses() {
        var deaths = Examples()
        for death in history.deaths { deaths.add("\(death.process) at \(Wording.seconds(death.at)): \(death.how)") }
        find(.process, deaths) { "\($0) times a process did not end as it must" }
    }

    private mutating func judgeOutboxes() {
        for outbox in observations.outboxes {
            if outbox.pending > 0 {
                judgement.findings.append(
                    Finding(
                        .undrained,
                        "\(Wording.counted(outbox.pending, "event")) of \(outbox.service) still wait to be carried"))
            }
            if let retained = outbox.retained, let bound = outbox.retainedBound, retained > bound {
                judgement.findings.append(
                    Finding(
                        .retained,
                        "the server of \(outbox.service) keeps \(retained) bytes of its log; the bound is \(bound)"))
            }
        }
    }

    private mutating func judgeRecoveries() {
        var late = Examples()
        for recovery in history.recoveries {
            let bound = history.opening?.recoveryBound ?? .max
            guard recovery.milliseconds.map({ $0 > bound }) ?? true else { continue }
            let names = history.faults.filter { $0.step == recovery.step }.map(\.name).joined(separator: " and ")
            let time = recovery.milliseconds.map { "only after \(Wording.seconds($0))" } ?? "not at all"
            late.add("after step \(recovery.step) (\(names)): \(time)")
        }
        find(.recovery, late) { "\($0) times the fleet did not carry everything again in time" }
    }

    // MARK: Figures

    private mutating func count() {
        var figures = Figures()
        for (number, transaction) in truth.transactions.enumerated() {
            switch transaction.outcome {
            case .committed: figures.committed += 1
            case .rolledBack: figures.rolledBack += 1
            case .unknown:
                figures.unknown += 1
                if truth.isCommitted[number] { figures.unknownCommitted += 1 }
            }
            if truth.isCommitted[number] { figures.events += transaction.events.count }
            figures.undone += transaction.undone.count + (truth.isCommitted[number] ? 0 : transaction.events.count)
        }
        for (service, records) in observations.streams {
            figures.duplicates[service] = records.count - (streamed[service]?.count ?? 0)
        }
        for view in observations.views { figures.applied[view.name] = view.applications.count }
        for record in observations.parked {
            switch record.place {
            case .outbox: figures.parked["\(record.service) outbox", default: 0] += 1
            case .view(let name): figures.parked[name, default: 0] += 1
            }
        }
        for outbox in observations.outboxes {
            guard let now = outbox.retained else { continue }
            let sampled = history.samplings.lazy.flatMap(\.samples)
                .filter { $0.kind == .stream && $0.name == outbox.service }.compactMap(\.retained)
            figures.retained[outbox.service] = (peak: max(now, sampled.max() ?? 0), now: now)
        }
        for saga in observations.sagas.sagas { figures.sagas[saga.status, default: 0] += 1 }
        judgement.figures = figures
    }
}
