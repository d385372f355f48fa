import FleetCore
import FlowModel

/// What is to be said of a flow, given what came and up to which time the streams were read.
struct FlowJudgement {
    struct Fault: Hashable {
        var kind: FlowFinding.Kind
        var event: String
        var other: String

        init(_ kind: FlowFinding.Kind, _ event: String, _ other: String) {
            (self.kind, self.event, self.other) = (kind, event, other)
        }
    }

    private let plan: FlowPlan
    private let state: FlowState
    private let judgedTo: Timestamp
    private let came: [FlowSighting?]
    private(set) var faults: [Fault] = []
    /// The earliest time from which on more can be said without another event.
    private(set) var next: Timestamp?
    private(set) var status = FlowStatus.unstarted
    /// The first end.
    let end: (number: Int, sighting: FlowSighting)?

    init(_ plan: FlowPlan, _ state: FlowState) {
        self.plan = plan
        self.state = state
        judgedTo = state.judgedTo
        came = plan.stations.map { state.sightings[$0.text] }
        end = Self.firstEnd(plan, came)
        for number in plan.stations.indices { judgeOrder(number) }
        let isWaiting = judgeLimits()
        if came[0] == nil {
            status = .unstarted
        } else if let end {
            status = plan.stations[end.number].role == .failure ? .failed : .ended
        } else {
            status = isWaiting ? .stuck : .running
        }
    }

    private static func firstEnd(
        _ plan: FlowPlan, _ came: [FlowSighting?]
    ) -> (number: Int, sighting: FlowSighting)? {
        var first: (number: Int, sighting: FlowSighting)?
        for (number, station) in plan.stations.enumerated() where station.isEnd {
            guard let sighting = came[number] else { continue }
            guard let known = first else {
                first = (number, sighting)
                continue
            }
            let isEarlier =
                station.name.service == plan.stations[known.number].name.service
                ? sighting.arrival < known.sighting.arrival : sighting.time < known.sighting.time
            if isEarlier { first = (number, sighting) }
        }
        return first
    }

    // MARK: Order

    private mutating func judgeOrder(_ number: Int) {
        guard let sighting = came[number] else { return }
        let station = plan.stations[number]
        for before in station.predecessors where !isAfter(number, sighting, before) {
            faults.append(Fault(.early, station.text, plan.stations[before].text))
        }
        if sighting.repetitionCount > 0, !station.mayRepeat { faults.append(Fault(.repeated, station.text, "")) }
        guard let end, end.number != number, !plan.stations[end.number].predecessors.contains(number) else { return }
        if isBehind(number, sighting, end.number, end.sighting) {
            faults.append(Fault(.afterEnd, station.text, plan.stations[end.number].text))
        }
    }

    /// Whether an event came after one that it must follow, as far as can be said.
    private mutating func isAfter(_ number: Int, _ sighting: FlowSighting, _ before: Int) -> Bool {
        let isOneStream = plan.stations[number].name.service == plan.stations[before].name.service
        guard let other = came[before] else {
            // A stream is in order: what should have come before it cannot come any more.
            if isOneStream { return false }
            // Another stream may be slower.
            return !hasPassed(sighting.time)
        }
        return isOneStream
            ? other.arrival < sighting.arrival
            : other.time <= sighting.time.advanced(by: plan.definition.skew)
    }

    private func isBehind(
        _ number: Int, _ sighting: FlowSighting, _ end: Int, _ ending: FlowSighting
    ) -> Bool {
        plan.stations[number].name.service == plan.stations[end].name.service
            ? sighting.arrival > ending.arrival
            : sighting.time > ending.time.advanced(by: plan.definition.skew)
    }

    // MARK: Limits

    /// - Returns: whether something that is due has not come.
    private mutating func judgeLimits() -> Bool {
        guard let start = came[0] else { return false }
        var isWaiting = false
        for (number, station) in plan.stations.enumerated() {
            guard station.limit != nil, let due = plan.due(of: number, in: state) else { continue }
            // What came first of a type is known: its stream is in order. That it is missing, or ended before, is not.
            let isOverdue =
                if let sighting = came[number] { isLate(sighting, due) } else { isEndless(at: due) && hasPassed(due) }
            guard isOverdue else { continue }
            faults.append(Fault(.overdue, station.text, ""))
            isWaiting = isWaiting || came[number] == nil
        }
        let due = start.time.advanced(by: plan.definition.within)
        if isEndless(at: due), hasPassed(due) {
            faults.append(Fault(.overdue, "", ""))
            isWaiting = true
        }
        return isWaiting
    }

    private func isLate(_ sighting: FlowSighting, _ due: Timestamp) -> Bool {
        sighting.time > due.advanced(by: plan.definition.skew)
    }

    /// Whether no end has come that was in time.
    private func isEndless(at due: Timestamp) -> Bool {
        end.map { isLate($0.sighting, due) } ?? true
    }

    /// Whether what happened up to a time has come, with what clocks and grace allow for; otherwise it is noted when to look
    /// again.
    private mutating func hasPassed(_ time: Timestamp) -> Bool {
        let time = time.advanced(by: plan.definition.skew).advanced(by: plan.definition.grace)
        if judgedTo >= time { return true }
        next = min(next ?? time, time)
        return false
    }
}
