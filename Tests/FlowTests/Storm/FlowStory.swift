import FleetCore
import FlowModel
import TestKit

/// What truly happened to one flow: events in their true order, on the clocks of services that differ a little.
struct FlowStory {
    struct Happening {
        var name: FlowEventName
        var id: String
        /// In ticks since the beginning.
        var tick: Int
        /// As its service's clock says.
        var time: Timestamp
    }

    /// Between two events at least; limits fall in the middle between ticks.
    static let tick = Duration.seconds(1)
    static let skew = Duration.milliseconds(100)
    static let grace = Duration.seconds(3)
    static let services = ["a", "b", "c"]
    static let beginning = Timestamp(microseconds: 1_000_000_000_000)

    let definition: FlowDefinition
    /// In true order.
    private(set) var happenings: [Happening] = []

    static func name(_ service: String, _ type: String) -> FlowEventName { FlowEventName(service: service, type: type) }

    init(using random: inout RandomSource) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        func event(_ type: String) -> FlowEvent {
            FlowEvent(Self.name(Self.services.randomElement(using: &random) ?? "a", type), key: .event)
        }
        func limit(_ most: Int) -> Duration {
            .milliseconds(1000 * Int.random(in: 1...most, using: &random) + 500)
        }
        let start = event("Started")
        var steps: [FlowStep] = []
        for number in 0..<Int.random(in: 0...4, using: &random) {
            var step = FlowStep(event("Step\(number)"))
            if chance(25) { step.after = ([start] + steps.map(\.event)).randomElement(using: &random)?.name }
            if chance(40) { step.limit = FlowLimit(limit(12), since: chance(50) ? .start : .before) }
            step.mayRepeat = chance(20)
            steps.append(step)
        }
        var ends = [FlowEnd(event("Done"))]
        if chance(50) { ends.append(FlowEnd(event("Failed"), isFailure: true)) }
        if chance(20) { ends.append(FlowEnd(event("Withdrawn"), after: start.name)) }
        definition = FlowDefinition(
            name: FlowName(unchecked: "story"), start: start, within: limit(20) + .seconds(12), steps: steps,
            ends: ends,
            grace: Self.grace, skew: Self.skew, keep: .seconds(1_000_000))
        happen(using: &random)
    }

    private mutating func happen(using random: inout RandomSource) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        var names = [definition.start.name] + definition.steps.map(\.event.name)
        names += [definition.ends.randomElement(using: &random)?.event.name].compactMap(\.self)
        // Things go wrong: some are missing, come twice, change places, or end what has ended.
        if chance(25), !names.isEmpty { names.remove(at: Int.random(in: names.indices, using: &random)) }
        if chance(25), let again = names.randomElement(using: &random) {
            names.insert(again, at: Int.random(in: 0...names.count, using: &random))
        }
        if chance(25), names.count > 1 {
            names.swapAt(Int.random(in: names.indices, using: &random), Int.random(in: names.indices, using: &random))
        }
        if chance(15), let end = definition.ends.randomElement(using: &random) {
            names.insert(end.event.name, at: Int.random(in: 0...names.count, using: &random))
        }
        let offsets = Dictionary(
            uniqueKeysWithValues: Self.services.map { ($0, Int64.random(in: -49...49, using: &random)) })
        var tick = 0
        for (number, name) in names.enumerated() {
            tick += Int.random(in: 1...(chance(10) ? 15 : 4), using: &random)
            let time = Self.beginning.advanced(by: Self.tick * tick)
                .advanced(by: .milliseconds(offsets[name.service] ?? 0))
            happenings.append(Happening(name: name, id: "event \(number)", tick: tick, time: time))
        }
    }

    /// After this nothing more can be said of the flow.
    var end: Timestamp {
        Self.beginning.advanced(by: Self.tick * (happenings.last?.tick ?? 0)).advanced(by: .seconds(1000))
    }
}
