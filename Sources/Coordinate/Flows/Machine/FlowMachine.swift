public import FleetCore
public import FlowModel

/// Watches one flow. Pure: events and times come in, and what is to be done comes out.
///
/// What it says of a flow depends on which events came, on the order within each stream and on the events' own times, and not
/// on how the streams were merged on their way here. Something counts as missing only when every stream has been read up to a
/// time by which it should have come, and the grace has passed.
public struct FlowMachine: Sendable {
    public let plan: FlowPlan
    public private(set) var state: FlowState

    public enum Input: Sendable {
        case event(FlowArrival)
        /// Every event that happened before `watermark` has come, but for those within the grace.
        case passed(watermark: Timestamp, watchedSince: Timestamp)
        /// The event of the timeout is in the service's outbox.
        case written
        /// It could not be written, and is to be tried again at a time.
        case postponed(Timestamp)
    }

    public enum Action: Sendable, Hashable {
        /// Write the event of the timeout, and say so: it may be asked for again.
        case writeTimeout
        /// Drop the flow from the journal.
        case forget
    }

    /// - Parameter state: `nil` for a flow of which nothing was seen.
    public init(_ plan: FlowPlan, key: String, state: FlowState?, at now: Timestamp) {
        self.plan = plan
        self.state = state ?? FlowState(key: key, at: now)
    }

    /// - Returns: what is to be done once the state is in the journal.
    public mutating func handle(_ input: Input, at now: Timestamp) -> [Action] {
        switch input {
        case .event(let arrival):
            if take(arrival, at: now) { judge(at: now) }
            return []
        case .passed(let watermark, let watchedSince):
            state.judgedTo = max(state.judgedTo, watermark)
            if isForgotten { return [.forget] }
            decideTimeout(watchedSince, at: now, isOverdue: judge(at: now))
            return state.timeout?.stage == .due ? [.writeTimeout] : []
        case .written:
            if state.timeout?.stage == .due { state.timeout = FlowTimeoutState(stage: .written, at: now) }
            judge(at: now)
            return []
        case .postponed(let time):
            if state.timeout?.stage == .due { state.timeout?.next = time }
            judge(at: now)
            return []
        }
    }

    /// - Returns: `false` for one that came before.
    private mutating func take(_ arrival: FlowArrival, at now: Timestamp) -> Bool {
        guard let number = plan.number(of: arrival.name) else { return false }
        let station = plan.stations[number]
        if var known = state.sightings[station.text] {
            if known.id == arrival.id || known.repetitions.contains(where: { $0.id == arrival.id }) { return false }
            known.repetitionCount += 1
            if known.repetitions.count < FlowState.repetitionLimit {
                known.repetitions.append(.init(id: arrival.id, time: arrival.time, seenAt: now))
            }
            state.sightings[station.text] = known
        } else {
            state.arrivals += 1
            state.sightings[station.text] = FlowSighting(
                id: arrival.id, time: arrival.time, seenAt: now, arrival: state.arrivals)
            if station.role == .start {
                state.startedAt = arrival.time
                state.startKey = arrival.keyJSON
                state.startFields = arrival.fields
            }
        }
        state.changedAt = now
        return true
    }

    /// Brings status and findings up to date, and says when that is to be done again.
    /// - Returns: whether the flow's own limit has passed without an end.
    @discardableResult
    private mutating func judge(at now: Timestamp) -> Bool {
        let judgement = FlowJudgement(plan, state)
        state.status = judgement.status
        state.endedAt = judgement.end.map { $0.sighting.time }
        note(judgement.faults, at: now)
        var due = judgement.next
        let isOverdue = judgement.end == nil && judgement.faults.contains(.init(.overdue, "", ""))
        if let timeout = state.timeout, timeout.stage == .due {
            due = timeout.next ?? Timestamp(microseconds: 0)
        } else if isOverdue, canWriteTimeout, state.timeout == nil {
            due = Timestamp(microseconds: 0)
        } else if due == nil, state.status != .running, state.status != .stuck {
            due = forgottenAt
        }
        state.due = due
        return isOverdue
    }

    private mutating func note(_ faults: [FlowJudgement.Fault], at now: Timestamp) {
        for index in state.findings.indices where state.findings[index].isCurrent {
            let finding = state.findings[index]
            if !faults.contains(.init(finding.kind, finding.event, finding.other)) {
                state.findings[index].clearedAt = now
                state.changedAt = now
            }
        }
        for fault in faults {
            let isKnown = state.findings.contains {
                $0.isCurrent && $0.kind == fault.kind && $0.event == fault.event && $0.other == fault.other
            }
            guard !isKnown, state.findings.count < FlowState.findingLimit else { continue }
            state.findings.append(
                FlowFinding(kind: fault.kind, event: fault.event, other: fault.other, since: now, clearedAt: nil))
            state.changedAt = now
        }
    }

    private mutating func decideTimeout(_ watchedSince: Timestamp, at now: Timestamp, isOverdue: Bool) {
        if state.timeout?.stage == .due, !canWriteTimeout {
            state.timeout = FlowTimeoutState(stage: .withheld, at: now)
            judge(at: now)
        }
        guard isOverdue, state.timeout == nil, canWriteTimeout, let start = state.startedAt else { return }
        // Whoever begins to watch does not cancel what was left behind long before.
        let stage: FlowTimeoutState.Stage = start < watchedSince ? .withheld : .due
        state.timeout = FlowTimeoutState(stage: stage, at: now)
        state.changedAt = now
        judge(at: now)
    }

    /// Not where the flow is declared otherwise by now.
    private var canWriteTimeout: Bool {
        plan.definition.onTimeout != nil && state.sightings[plan.stations[0].text] != nil
    }

    /// When it goes, where nothing more comes.
    private var forgottenAt: Timestamp { state.changedAt.advanced(by: plan.definition.keep) }

    private var isForgotten: Bool {
        guard state.status != .running, state.status != .stuck, state.timeout?.stage != .due else { return false }
        return FlowJudgement(plan, state).next == nil && state.judgedTo >= forgottenAt
    }
}

/// That an event of a flow came.
public struct FlowArrival: Sendable, Hashable {
    public var name: FlowEventName
    public var id: String
    public var time: Timestamp
    /// The flow's key, as JSON; of the start event only.
    public var keyJSON: String?
    /// Fields of its payload, as JSON, by their paths; of the start event only.
    public var fields: [String: String]

    public init(
        name: FlowEventName, id: String, time: Timestamp, keyJSON: String? = nil, fields: [String: String] = [:]
    ) {
        self.name = name
        self.id = id
        self.time = time
        self.keyJSON = keyJSON
        self.fields = fields
    }
}
