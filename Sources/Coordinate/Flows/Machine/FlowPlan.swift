public import FleetCore
public import FlowModel

/// A definition, worked out for watching: its events as numbered stations.
public struct FlowPlan: Sendable {
    public enum Role: Sendable, Hashable { case start, step, end, failure }

    /// An event that the flow watches.
    public struct Station: Sendable {
        public let event: FlowEvent
        public let role: Role
        /// The numbers of those that must come before it.
        public let predecessors: [Int]
        let limit: FlowLimit?
        let mayRepeat: Bool

        public var name: FlowEventName { event.name }
        /// How it is called in a state, whatever its number.
        public var text: String { event.name.description }
        var isEnd: Bool { role == .end || role == .failure }
    }

    public let definition: FlowDefinition
    /// The start, the steps, the ends.
    public let stations: [Station]
    private let numbers: [FlowEventName: Int]

    public init(_ definition: FlowDefinition) {
        self.definition = definition
        var numbers: [FlowEventName: Int] = [:]
        for (number, event) in definition.events.enumerated() where numbers[event.name] == nil {
            numbers[event.name] = number
        }
        var stations = [
            Station(event: definition.start, role: .start, predecessors: [], limit: nil, mayRepeat: false)
        ]
        for (index, step) in definition.steps.enumerated() {
            let before = step.after.flatMap { numbers[$0] } ?? index
            stations.append(
                Station(
                    event: step.event, role: .step, predecessors: [before], limit: step.limit, mayRepeat: step.mayRepeat
                ))
        }
        // What no other step follows: whoever waits for these waits for all.
        let followed = Set(stations.flatMap(\.predecessors))
        let last = stations.indices.filter { !followed.contains($0) }
        for end in definition.ends {
            let before = end.after.flatMap { numbers[$0] }.map { [$0] } ?? (end.isFailure ? [0] : last)
            stations.append(
                Station(
                    event: end.event, role: end.isFailure ? .failure : .end, predecessors: before, limit: nil,
                    mayRepeat: false))
        }
        self.stations = stations
        self.numbers = numbers
    }

    /// By when an event of a run is to come, as far as that is known; `nil` where it has no limit. An end has the flow's.
    public func due(of number: Int, in state: FlowState) -> Timestamp? {
        let station = stations[number]
        guard let start = state.sightings[stations[0].text]?.time else { return nil }
        if station.isEnd { return start.advanced(by: definition.within) }
        guard let limit = station.limit else { return nil }
        guard limit.since == .before else { return start.advanced(by: limit.time) }
        return station.predecessors.first.flatMap { state.sightings[stations[$0].text]?.time.advanced(by: limit.time) }
    }

    func number(of name: FlowEventName) -> Int? { numbers[name] }

    /// The services whose streams are read, each once, in the order of the definition.
    public var sources: [String] {
        var seen: Set<String> = []
        return stations.map(\.name.service).filter { seen.insert($0).inserted }
    }

    /// The paths of the start event's payload that a timeout's payload is made of.
    var startPaths: [[String]] {
        (definition.onTimeout?.payload ?? []).compactMap { field in
            if case .start(let path) = field.value { path } else { nil }
        }
    }
}
