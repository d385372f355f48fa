import FleetCore

extension FlowDefinition {
    /// What is wrong with it; empty where it may be watched.
    public func problems() -> [FlowProblem] {
        var problems: [FlowProblem] = []
        let whole = FlowPlace()
        if ends.isEmpty {
            problems.append(
                FlowProblem(whole, "flow \(name) has no end", remedy: "add end: with a list of events, or fail:"))
        }
        if events.count > Self.eventLimit {
            problems.append(
                FlowProblem(
                    whole, "flow \(name) names \(events.count) events, and \(Self.eventLimit) is the most",
                    remedy: "make several flows of it"))
        }
        if within <= .zero {
            problems.append(
                FlowProblem(
                    whole.child("within"), "the limit of flow \(name) is 0", remedy: "give it time, as within: 1h"))
        }
        return problems + repeated() + stepProblems() + endProblems() + timeoutProblems()
    }

    /// The places of all events, in the order of ``events``.
    private var places: [FlowPlace] {
        let whole = FlowPlace()
        return [whole.child("start")] + steps.indices.map { whole.child("steps").child($0) }
            + ends.indices.map { whole.child("end").child($0) }
    }

    private func repeated() -> [FlowProblem] {
        var seen: Set<FlowEventName> = []
        return zip(events, places).compactMap { event, place in
            if seen.insert(event.name).inserted { return nil }
            return FlowProblem(
                place, "\(event.name) is named twice in flow \(name)", remedy: "name each event once")
        }
    }

    private func stepProblems() -> [FlowProblem] {
        var problems: [FlowProblem] = []
        var before: [FlowEventName] = [start.name]
        for (index, step) in steps.enumerated() {
            let place = FlowPlace(["steps"]).child(index)
            if let after = step.after, !before.contains(after) {
                problems.append(unknown(after, before, place.child("after"), "step \(step.event.name)"))
            }
            if let limit = step.limit {
                let place = place.child("within")
                if limit.time <= .zero {
                    problems.append(
                        FlowProblem(place, "the limit of \(step.event.name) is 0", remedy: "give it time, or no limit"))
                } else if limit.time > within, within > .zero {
                    problems.append(
                        FlowProblem(
                            place, "the limit of \(step.event.name) is longer than that of flow \(name)",
                            remedy: "shorten it, or lengthen within of the flow"))
                }
            }
            before.append(step.event.name)
        }
        return problems
    }

    private func endProblems() -> [FlowProblem] {
        let before = [start.name] + steps.map(\.event.name)
        return ends.enumerated().compactMap { index, end in
            guard let after = end.after, !before.contains(after) else { return nil }
            let place = FlowPlace(["end"]).child(index).child("after")
            return unknown(after, before, place, "end \(end.event.name)")
        }
    }

    private func unknown(
        _ after: FlowEventName, _ before: [FlowEventName], _ place: FlowPlace, _ subject: String
    ) -> FlowProblem {
        let known = before.map(\.description)
        return FlowProblem(
            place, "\(after) does not come before \(subject) in flow \(name)",
            remedy: NearestName.of(after.description, in: known).map { "did you mean \($0)?" }
                ?? "name one of \(known.joined(separator: ", "))")
    }

    private func timeoutProblems() -> [FlowProblem] {
        guard let onTimeout, onTimeout.event == start.name else { return [] }
        return [
            FlowProblem(
                FlowPlace(["on_timeout", "send"]), "\(onTimeout.event) would begin flow \(name) again",
                remedy: "send another event")
        ]
    }
}
