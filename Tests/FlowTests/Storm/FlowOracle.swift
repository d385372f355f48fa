import FleetCore
import FlowModel
import Flows

/// What is to be said of a flow, by somebody who saw everything happen in its true order.
struct FlowOracle {
    let status: FlowStatus
    /// `kind event other`.
    let faults: Set<String>

    init(_ story: FlowStory) {
        let definition = story.definition
        var first: [FlowEventName: Int] = [:]
        var counts: [FlowEventName: Int] = [:]
        for happening in story.happenings {
            if first[happening.name] == nil { first[happening.name] = happening.tick }
            counts[happening.name, default: 0] += 1
        }
        var faults: Set<String> = []
        let start = definition.start.name
        var requirements: [FlowEventName: [FlowEventName]] = [:]
        var last = start
        for step in definition.steps {
            requirements[step.event.name] = [step.after ?? last]
            last = step.event.name
        }
        let required = Set(requirements.values.flatMap(\.self))
        let leaves = ([start] + definition.steps.map(\.event.name)).filter { !required.contains($0) }
        for end in definition.ends {
            requirements[end.event.name] = end.after.map { [$0] } ?? (end.isFailure ? [start] : leaves)
        }
        for (name, befores) in requirements {
            guard let tick = first[name] else { continue }
            for before in befores where (first[before] ?? .max) > tick { faults.insert("early \(name) \(before)") }
        }
        let repeatable = Set(definition.steps.filter(\.mayRepeat).map(\.event.name))
        for (name, count) in counts where count > 1 && !repeatable.contains(name) { faults.insert("repeated \(name) ") }
        let ends = definition.ends.compactMap { end in first[end.event.name].map { (end: end, tick: $0) } }
        let end = ends.min { $0.tick < $1.tick }
        if let end {
            let name = end.end.event.name
            for (other, tick) in first where tick > end.tick && requirements[name]?.contains(other) != true {
                faults.insert("after_end \(other) \(name)")
            }
        }
        func ticks(_ duration: Duration) -> Double { duration / FlowStory.tick }
        var isWaiting = false
        if let began = first[start] {
            for step in definition.steps {
                guard let limit = step.limit else { continue }
                let base = limit.since == .start ? began : requirements[step.event.name]?.first.flatMap { first[$0] }
                guard let base else { continue }
                let due = Double(base) + ticks(limit.time)
                let came = first[step.event.name] ?? end?.tick ?? .max
                if Double(came) > due { faults.insert("overdue \(step.event.name) ") }
                if Double(came) > due, first[step.event.name] == nil { isWaiting = true }
            }
            if Double(end?.tick ?? .max) > Double(began) + ticks(definition.within) {
                faults.insert("overdue  ")
                isWaiting = true
            }
        }
        self.faults = faults
        if first[start] == nil {
            status = .unstarted
        } else if let end {
            status = end.end.isFailure ? .failed : .ended
        } else {
            status = isWaiting ? .stuck : .running
        }
    }
}
