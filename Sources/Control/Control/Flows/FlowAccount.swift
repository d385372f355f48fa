import FleetCore
import FlowModel
import Flows

/// A run of a flow, for those who look at it.
public struct FlowAccount: Codable, Sendable {
    /// An event that the flow names, and whether it came.
    public struct Step: Codable, Sendable {
        /// `orders.OrderPlaced`.
        public var event: String
        /// `start`, `step`, `end` or `fail`.
        public var role: String
        public var id: String?
        /// As the event says it; RFC 3339, in UTC, as all times here.
        public var time: String?
        /// When Flotilla read it.
        public var seenAt: String?
        /// By when it is to come, or was.
        public var due: String?
        /// Further events of the type: the first of them.
        public var repetitions: [Repetition]
        /// All of those.
        public var repetitionCount: Int64

        enum CodingKeys: String, CodingKey {
            case event, role, id, time, seenAt = "seen_at", due, repetitions, repetitionCount = "repetition_count"
        }

        /// Every key is there, also where its value is null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(event, forKey: .event)
            try container.encode(role, forKey: .role)
            try container.encode(id, forKey: .id)
            try container.encode(time, forKey: .time)
            try container.encode(seenAt, forKey: .seenAt)
            try container.encode(due, forKey: .due)
            try container.encode(repetitions, forKey: .repetitions)
            try container.encode(repetitionCount, forKey: .repetitionCount)
        }
    }

    public struct Repetition: Codable, Sendable {
        public var id: String
        public var time: String
        public var seenAt: String

        enum CodingKeys: String, CodingKey { case id, time, seenAt = "seen_at" }
    }

    /// Something that is, or was, wrong.
    public struct Finding: Codable, Sendable {
        /// `early`, `after_end`, `repeated` or `overdue`.
        public var kind: String
        /// Which event; empty for the flow as a whole.
        public var event: String
        public var other: String
        /// For people.
        public var text: String
        public var since: String
        /// When it turned out not to hold; null while it holds.
        public var clearedAt: String?

        enum CodingKeys: String, CodingKey { case kind, event, other, text, since, clearedAt = "cleared_at" }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(kind, forKey: .kind)
            try container.encode(event, forKey: .event)
            try container.encode(other, forKey: .other)
            try container.encode(text, forKey: .text)
            try container.encode(since, forKey: .since)
            try container.encode(clearedAt, forKey: .clearedAt)
        }
    }

    /// The event of the timeout.
    public struct Timeout: Codable, Sendable {
        public var event: String
        /// `due`, `written` or `withheld`.
        public var stage: String
        public var at: String
    }

    public var flow: String
    public var key: String
    /// `unstarted`, `running`, `stuck`, `ended` or `failed`.
    public var status: String
    public var isOutOfOrder: Bool
    public var isLate: Bool
    public var startedAt: String?
    public var endedAt: String?
    public var changedAt: String
    public var steps: [Step]
    public var findings: [Finding]
    public var timeout: Timeout?

    enum CodingKeys: String, CodingKey {
        case flow, key, status, isOutOfOrder = "out_of_order", isLate = "late", startedAt = "started_at"
        case endedAt = "ended_at", changedAt = "changed_at", steps, findings, timeout
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(flow, forKey: .flow)
        try container.encode(key, forKey: .key)
        try container.encode(status, forKey: .status)
        try container.encode(isOutOfOrder, forKey: .isOutOfOrder)
        try container.encode(isLate, forKey: .isLate)
        try container.encode(startedAt, forKey: .startedAt)
        try container.encode(endedAt, forKey: .endedAt)
        try container.encode(changedAt, forKey: .changedAt)
        try container.encode(steps, forKey: .steps)
        try container.encode(findings, forKey: .findings)
        try container.encode(timeout, forKey: .timeout)
    }
}

extension FlowAccount {
    init(_ state: FlowState, _ flow: FlowDefinition) {
        self.init(
            flow: flow.name.text, key: state.key, status: state.status.rawValue, isOutOfOrder: state.isOutOfOrder,
            isLate: state.isLate, startedAt: state.startedAt?.description, endedAt: state.endedAt?.description,
            changedAt: state.changedAt.description, steps: Self.steps(state, flow),
            findings: state.findings.map(Finding.init),
            timeout: state.timeout.flatMap { timeout in
                flow.onTimeout.map {
                    Timeout(
                        event: $0.event.description, stage: timeout.stage.rawValue, at: timeout.at.description)
                }
            })
    }

    private static func steps(_ state: FlowState, _ flow: FlowDefinition) -> [Step] {
        let plan = FlowPlan(flow)
        return plan.stations.indices.map { number in
            let station = plan.stations[number]
            let sighting = state.sightings[station.text]
            return Step(
                event: station.text, role: role(station.role), id: sighting?.id, time: sighting?.time.description,
                seenAt: sighting?.seenAt.description, due: plan.due(of: number, in: state)?.description,
                repetitions: (sighting?.repetitions ?? []).map {
                    Repetition(id: $0.id, time: $0.time.description, seenAt: $0.seenAt.description)
                }, repetitionCount: sighting?.repetitionCount ?? 0)
        }
    }

    private static func role(_ role: FlowPlan.Role) -> String {
        switch role {
        case .start: "start"
        case .step: "step"
        case .end: "end"
        case .failure: "fail"
        }
    }
}

extension FlowAccount.Finding {
    fileprivate init(_ finding: FlowFinding) {
        let text =
            switch finding.kind {
            case .early: "\(finding.event) came without \(finding.other) before it"
            case .afterEnd: "\(finding.event) came after the end, \(finding.other)"
            case .repeated: "\(finding.event) came again"
            case .overdue where finding.event.isEmpty: "the flow did not end in time"
            case .overdue: "\(finding.event) did not come in time"
            }
        self.init(
            kind: finding.kind.rawValue, event: finding.event, other: finding.other, text: text,
            since: finding.since.description, clearedAt: finding.clearedAt?.description)
    }
}
