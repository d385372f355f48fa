import FleetCore
import FleetFile
import Logging
import Objectives
import ServiceLifecycle
import Stores
import Subscriptions

/// Counts for a fleet's objectives once a second, says when their budgets are spent too fast, and keeps what it counts.
struct ObjectiveWatch: Service {
    let fleet: FleetDefinition
    let epoch: Int64
    let sources: [ObjectiveSources.Source]
    let look: ObjectiveLook
    let board: ObjectiveBoard
    let desk: AlertDesk
    let metrics: ObjectiveMetrics
    let logger: Logger

    private static let interval = Duration.seconds(1)
    /// How often counts are written down.
    private static let saving = Duration.seconds(5)
    private static let backoff = Backoff(initial: .milliseconds(200), cap: .seconds(30))

    func run() async {
        guard let plan = fleet.objectiveJournal else { return }
        let fleet = fleet
        let store = SharedStore { try Connectors.store(of: plan, in: fleet) }
        var watch = ObjectiveWatching(self, store: store)
        watch = await cancelWhenGracefulShutdown { [watch] in
            var watch = watch
            guard await watch.load() else { return watch }
            await withTaskGroup(of: Void.self) { group in
                watch.lookAtSagas(in: &group)
                while !Task.isCancelled {
                    await watch.turn()
                    try? await Task.sleep(for: Self.interval)
                }
                group.cancelAll()
            }
            return watch
        }
        await watch.end()
        board.show(nil)
        metrics.forget()
        await store.close()
    }

    fileprivate static func pause(_ failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return backoff.delay(afterFailures: failures, using: &random)
    }

    fileprivate static var savingInterval: Duration { saving }
}

/// What a watch remembers between its turns.
private struct ObjectiveWatching: Sendable {
    private let watch: ObjectiveWatch
    private let journal: ObjectiveJournal
    private let store: SharedStore
    private let sagas: SagaObjectives
    private var look: ObjectiveLook
    private var count: ObjectiveCount?
    /// Until when the sagas of each journal are counted.
    private var journalsUntil: [String: Timestamp] = [:]
    private var saved = ContinuousClock.now
    private var savedNotices = -1
    private var troubles: Set<String> = []

    private static let counted = "what is counted for objectives"

    init(_ watch: ObjectiveWatch, store: SharedStore) {
        self.watch = watch
        self.store = store
        journal = ObjectiveJournal(
            objectives: watch.fleet.objectives, spared: watch.fleet.objectivesLeftOut)
        sagas = SagaObjectives(watch.fleet)
        look = watch.look
    }

    /// Reads what was kept, as soon as it can be.
    /// - Returns: `false` where the task was cancelled before.
    mutating func load() async -> Bool {
        var failures = 0
        while !Task.isCancelled {
            if await loadOnce() { return true }
            failures += 1
            try? await Task.sleep(for: ObjectiveWatch.pause(failures))
        }
        return false
    }

    /// - Returns: whether it could be read.
    private mutating func loadOnce() async -> Bool {
        let (journal, fleet, hasWebhook) = (journal, watch.fleet.name, watch.desk.hasWebhook)
        do {
            let (kept, ended) = try await work { store in
                try await store.write { transaction in
                    let ended = try journal.prepare(
                        of: fleet, at: FleetClock.system.now(), keepsNotices: hasWebhook, in: transaction)
                    return (try journal.load(in: transaction), ended)
                }
            }
            count = ObjectiveCount(kept, watch.sources)
            // What nothing has happened to yet is counted from 0, where somebody sees it grow.
            for objective in journal.objectives { watch.metrics.count((0, 0), of: objective) }
            // What nobody has counted before is counted from now on.
            let now = Timestamp.now()
            journalsUntil = Dictionary(
                uniqueKeysWithValues: sagas.journals.map { ($0, kept.journalsUntil[$0] ?? kept.sagasUntil ?? now) })
            watch.desk.restore(kept.notices, alerts: firing(kept) + ended)
            if watch.fleet.alerts.log { for notice in ended { watch.logger.tell(notice) } }
            note(Self.counted, nil)
            return true
        } catch {
            if !Task.isCancelled { note(Self.counted, FleetError.wrapping(error)) }
            return false
        }
    }

    private func firing(_ kept: ObjectiveJournal.Kept) -> [AlertNotice] {
        kept.budgets.flatMap { budget in
            let reading = budget.reading(at: kept.asOf ?? .now())
            return budget.alerts.enumerated().compactMap { rule, since in
                since.map {
                    AlertNotice(
                        id: EventID.make().description, fleet: watch.fleet.name, reading: reading, rule: rule,
                        status: .firing, since: $0, at: $0)
                }
            }
        }
    }

    mutating func turn() async {
        guard count != nil else { return }
        countSagas()
        let notices = step()
        if !notices.isEmpty || ContinuousClock.now - saved >= ObjectiveWatch.savingInterval { await save(notices) }
        for notice in notices { tell(notice) }
    }

    /// The last turn.
    mutating func end() async {
        // A run that is over at once was counted all the same.
        if count == nil { _ = await loadOnce() }
        if count != nil {
            let notices = step()
            await save(notices)
            for notice in notices { tell(notice) }
        }
    }

    /// - Returns: alerts that have begun or ended. They are told when they are written down, so that no other process tells them
    ///   again.
    private mutating func step() -> [AlertNotice] {
        guard var count else { return [] }
        let now = FleetClock.system.now()
        look.note(count.sources, journal.objectives)
        let (look, objectives, fleet) = (look, journal.objectives, watch.fleet.name)
        let counted = count.count(at: now) { source in
            look.waiting(at: source.place, threshold: objectives[source.objective].threshold, at: now)
        } condition: {
            look.condition(of: $0, in: fleet)
        }
        for (objective, counts) in zip(objectives, counted) where counts.total > 0 {
            watch.metrics.count(counts, of: objective)
        }
        let transitions = count.judge(at: now)
        let readings = count.readings(at: now)
        watch.metrics.show(readings)
        watch.board.show(ObjectivesReading(asOf: now, isLive: true, objectives: readings))
        self.count = count
        return transitions.map { objective, transition in
            AlertNotice(
                id: EventID.make().description, fleet: watch.fleet.name, reading: readings[objective],
                rule: transition.rule, status: transition.isFiring ? .firing : .resolved, since: transition.since,
                at: transition.at)
        }
    }

    private func tell(_ notice: AlertNotice) {
        watch.desk.put(notice)
        if watch.fleet.alerts.log { watch.logger.tell(notice) }
    }

    // MARK: Sagas

    /// Has journals looked at until the group is cancelled.
    func lookAtSagas(in group: inout TaskGroup<Void>) {
        let (sagas, until) = (sagas, journalsUntil)
        group.addTask { await sagas.lookRepeatedly { until[$0] ?? .now() } }
    }

    private mutating func countSagas() {
        for found in sagas.takeFound() {
            let what = "what is counted of \(found.journal) for objectives"
            switch found.result {
            case .success(let (counts, until)):
                for (objective, sagas) in counts { count?.note(sagas, of: objective) }
                journalsUntil[found.journal] = until
                note(what, nil)
            case .failure(let error): note(what, error)
            }
        }
    }

    // MARK: Keeping

    /// - Parameter notices: that nobody was told of yet, and that are not on the desk.
    private mutating func save(_ notices: [AlertNotice] = []) async {
        guard let count else { return }
        saved = .now
        let pending = watch.desk.pending
        let new = watch.desk.hasWebhook ? notices : []
        let changes = ObjectiveJournal.Changes(
            budgets: count.changes, asOf: FleetClock.system.now(), journalsUntil: journalsUntil,
            notices: pending.generation == savedNotices && new.isEmpty ? nil : pending.notices + new)
        let (journal, epoch) = (journal, watch.epoch)
        do {
            try await work { store in
                try await store.write { try journal.save(changes, epoch: epoch, in: $0) }
            }
            self.count?.settle()
            savedNotices = pending.generation
            note(Self.counted, nil)
        } catch {
            if !Task.isCancelled { note(Self.counted, FleetError.wrapping(error)) }
        }
    }

    private func work<Result: Sendable>(_ body: (any Store) async throws -> Result) async throws -> Result {
        let opened = try await store.store()
        do {
            return try await body(opened)
        } catch {
            if !FleetError.wrapping(error).waitingHelps { await store.discard(opened) }
            throw error
        }
    }

    /// Says what is wrong once when it begins, and once when it is over.
    private mutating func note(_ what: String, _ error: FleetError?) {
        if let error {
            guard troubles.insert(what).inserted else { return }
            watch.logger.warning("\(what) cannot be read or kept: \(error)")
        } else if troubles.remove(what) != nil {
            watch.logger.info("\(what) can be read and kept again")
        }
    }
}
