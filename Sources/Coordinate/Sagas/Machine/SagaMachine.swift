public import FleetCore
public import SagaModel

/// One saga: the logic, without I/O, clock or randomness.
///
/// Whoever drives it gives it an input, writes ``state`` to the journal, and only then carries out the actions. After a crash
/// the machine is made anew from the journal, and ``resume()`` says what is under way; all of it may have been done already,
/// once or more often, and must bear that. Answers may come twice, late, or for nothing: they are noted.
public struct SagaMachine: Sendable {
    public let definition: SagaDefinition
    public internal(set) var state: SagaState
    let map: SagaMap
    /// Of the input at hand.
    var now: Timestamp
    var jitter = 0.0
    var actions: [SagaAction] = []
    /// What became of attempts with the input at hand.
    public internal(set) var occurrences: [SagaOccurrence] = []

    /// A new saga. Its first input is ``SagaInput/started``.
    /// - Parameter data: a JSON text.
    /// - Throws: `invalidInput` where the definition has problems, the data are no JSON, or a lock's key cannot be told from
    ///   them.
    public init(_ definition: SagaDefinition, id: String, data: String, at now: Timestamp) throws(FleetError) {
        if let problem = definition.problems().first {
            throw FleetError(.invalidInput, "the saga \(definition.name) is not right: \(problem)")
        }
        self.definition = definition
        self.now = now
        map = SagaMap(definition)
        state = SagaState(
            id: id, saga: definition.name, data: data, startedAt: now, deadline: now.advanced(by: definition.deadline))
        do {
            try JSONDocument.validate(Array(data.utf8))
        } catch {
            throw FleetError(
                .invalidInput, "the data of the saga \(definition.name) are no JSON: \(error)",
                remedy: "start it with a JSON object")
        }
        var keys: Set<String> = []
        for lock in definition.locks { keys.insert(try text(of: lock.key, for: SagaStepID(""))) }
        // Every saga takes its locks in the same order, so that no two wait for each other.
        state.locks = keys.sorted().map { SagaLockState(key: $0, status: .wanted) }
    }

    /// A saga that is in the journal.
    /// - Throws: `corrupt` where the state is none of this definition.
    public init(_ definition: SagaDefinition, resuming state: SagaState) throws(FleetError) {
        let map = SagaMap(definition)
        let strangers = state.runs.all.filter { run in
            map.step(run.id.name) == nil && !definition.hasForEach(named: run.id.name)
        }
        self.map = map
        guard state.saga == definition.name, strangers.isEmpty else {
            throw FleetError(
                .corrupt, "the saga \(state.id) is none of \(definition.name) as it is declared",
                remedy: "resume it with the definition that it was started with")
        }
        self.definition = definition
        self.state = state
        now = state.startedAt
    }

    /// Takes an input.
    /// - Parameters:
    ///   - now: the time of it.
    ///   - jitter: chance, from 0 to 1, for the back-offs that begin.
    /// - Returns: what to do, once ``state`` is in the journal.
    public mutating func handle(_ input: SagaInput, at now: Timestamp, jitter: Double) -> [SagaAction] {
        self.now = now
        self.jitter = jitter
        actions = []
        occurrences = []
        switch input {
        case .started: state.wakeAt = nil
        case .lockTaken(let key, let until): lockTaken(key, until: until)
        case .lockConflict(let key, let holder): lockConflict(key, holder: holder)
        case .lockLost(let key): lockLost(key)
        case .replied(let ticket, let reply): replied(ticket, reply)
        case .failed(let ticket, let failure): failed(ticket, failure)
        case .woke: woke()
        case .occurred(let event, let payload, let id): occurred(event, payload: payload, id: id)
        case .decided(let step, let option, let by): decided(step, option: option, by: by)
        case .cancel(let reason): requestStop(.cancelled(reason: reason))
        case .retry(let step): retry(step)
        case .skip(let step, let reason): skip(step, reason: reason)
        case .resolve(let step, let resolution, let reason): resolve(step, resolution, reason: reason)
        }
        advance()
        askToBeWoken()
        defer { actions = [] }
        return actions
    }

    /// What is under way: all of it is to be carried out again. For after a crash, or where another took over.
    public func resume() -> [SagaAction] {
        switch state.phase {
        case .ended(let outcome, _): return state.locks.map { .releaseLock(key: $0.key) } + [.finish(outcome)]
        case .locking: return lockRequest().map { [$0] + wake } ?? wake
        case .forward, .compensating:
            let works = state.runs.all.flatMap { run in
                [work(run, .forward, run.forward), run.compensation.flatMap { work(run, .compensation, $0) }]
            }
            return works.compactMap { $0.map { .perform($0) } } + wake
        }
    }

    // MARK: On and on

    /// Begins what can begin now, and ends where nothing is left.
    private mutating func advance() {
        if state.phase == .locking { nextLock() }
        if state.phase == .forward, walk(definition.steps, items: []) { finish(.completed) }
        if case .compensating(let stop) = state.phase, unwind(definition.steps, items: []) {
            finish(.compensated(stop))
        }
    }

    mutating func finish(_ outcome: SagaOutcome) {
        state.phase = .ended(outcome, at: now)
        for index in state.locks.indices {
            actions.append(.releaseLock(key: state.locks[index].key))
            state.locks[index].status = .released
        }
        state.earlyEvents = []
        actions.append(.finish(outcome))
    }

    // MARK: Time

    private var wake: [SagaAction] { state.wakeAt.map { [.wake(at: $0)] } ?? [] }

    private mutating func askToBeWoken() {
        let next = nextDue()
        if let next, next != state.wakeAt { actions.append(.wake(at: next)) }
        state.wakeAt = next
    }

    private func nextDue() -> Timestamp? {
        if state.outcome != nil { return nil }
        var dues = state.runs.all.flatMap { [$0.forward.due, $0.compensation?.due] }.compactMap(\.self)
        for case .held(let until) in state.locks.map(\.status) { dues.append(until) }
        if !state.isOverdue { dues.append(state.deadline) }
        return dues.min()
    }

    private mutating func woke() {
        // The time that was asked for is used up, be it too early.
        state.wakeAt = nil
        if state.outcome != nil { return }
        for run in state.runs.all { shorten(run) }
        for run in state.runs.all {
            if let due = run.forward.due, due <= now { forwardIsDue(run.id) }
            if let due = run.compensation?.due, due <= now { compensationIsDue(run.id) }
        }
        for lock in state.locks {
            if case .held(let until) = lock.status, until <= now { lockLost(lock.key) }
        }
        if !state.isOverdue, state.deadline <= now {
            state.isOverdue = true
            requestStop(.deadline)
        }
    }

    /// No wait is longer than it was ever planned: it is where the clock was put back.
    private mutating func shorten(_ run: SagaStepState) {
        guard let step = map.step(run.id.name) else { return }
        var time = step.timeout
        if case .timer(let duration) = step.activity { time = duration }
        if let due = run.forward.due {
            let most = run.forward.status == .backingOff ? step.retry.cap : time
            let latest = now.advanced(by: most)
            if due > latest { state.runs[run.id]?.forward.due = latest }
        }
        if let due = run.compensation?.due, let compensation = step.compensation {
            let most = run.compensation?.status == .backingOff ? compensation.retry.cap : compensation.timeout
            let latest = now.advanced(by: most)
            if due > latest { state.runs[run.id]?.compensation?.due = latest }
        }
    }

    // MARK: Notes

    /// Notes what became of an attempt, for those who measure.
    mutating func tell(
        _ outcome: SagaOccurrence.Outcome, of id: SagaStepID, _ direction: SagaDirection, _ attempts: SagaAttempts
    ) {
        occurrences.append(
            SagaOccurrence(
                step: id.name, direction: direction, outcome: outcome, took: now.elapsed(since: attempts.startedAt)))
    }

    mutating func note(_ kind: SagaNote.Kind, _ text: String) {
        state.notes.append(SagaNote(at: now, kind: kind, text: text))
        state.noteCount += 1
        if state.notes.count > SagaState.noteLimit { state.notes.removeFirst() }
    }
}

extension SagaDefinition {
    func hasForEach(named name: String) -> Bool {
        func has(_ blocks: [SagaBlock]) -> Bool {
            blocks.contains { block in
                switch block {
                case .forEach(let forEach): forEach.name == name || has(forEach.steps)
                case .parallel(let parallel): parallel.branches.contains(where: has)
                case .choice(let choice): choice.cases.contains { has($0.steps) } || has(choice.otherwise ?? [])
                case .step, .fail: false
                }
            }
        }
        return has(steps)
    }
}
