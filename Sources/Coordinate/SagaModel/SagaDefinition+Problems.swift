import FleetCore

extension SagaDefinition {
    /// Everything that is wrong with the definition by itself; whether services and events exist is for others to say.
    public func problems() -> [SagaProblem] {
        var check = SagaCheck()
        check.saga(self)
        return check.problems
    }
}

/// One look over a definition.
struct SagaCheck {
    private(set) var problems: [SagaProblem] = []
    private var names: [String: SagaPlace] = [:]
    private var blocks = 0

    /// What is known at a place, of what comes before it.
    struct Context {
        /// Steps whose replies may be there.
        var replies: Set<String> = []
        var isInForEach = false
        var depth = 0
        var order = SagaOrder()
    }

    mutating func add(_ place: SagaPlace, _ message: String, remedy: String) {
        problems.append(SagaProblem(place, message, remedy: remedy))
    }

    mutating func saga(_ saga: SagaDefinition) {
        let steps = SagaPlace(["steps"])
        check(saga.deadline, at: SagaPlace(["deadline"]), "the deadline")
        for (index, lock) in saga.locks.enumerated() {
            let place = SagaPlace(["locks"]).child(index)
            check(lock.duration, at: place, "the lock's time")
            references(lock.key.references, at: place, Context())
            if lock.key.references.isEmpty {
                add(place, "the lock's key is the same for every saga", remedy: "name what is locked: order:{data.id}")
            }
            if lock.duration < saga.deadline {
                add(
                    place, "the lock ends before the saga's deadline",
                    remedy: "lock for at least as long as the deadline")
            }
            if saga.locks[..<index].contains(where: { $0.key == lock.key }) {
                add(place, "the lock is there twice", remedy: "remove one of the two")
            }
        }
        var context = Context()
        sequence(saga.steps, at: steps, "the saga", &context)
        if blocks > SagaDefinition.blockLimit {
            add(steps, "the saga has \(blocks) steps, more than \(SagaDefinition.blockLimit)", remedy: "divide it")
        }
        let least = SagaDefinition.leastTime(of: saga.steps)
        if saga.deadline > .zero, least > saga.deadline {
            add(
                SagaPlace(["deadline"]),
                "the deadline (\(saga.deadline)) is shorter than the time-outs of the steps together (\(least))",
                remedy: "give the saga more time, or its steps less")
        }
    }

    // MARK: Blocks

    mutating func sequence(_ steps: [SagaBlock], at place: SagaPlace, _ subject: String, _ context: inout Context) {
        if steps.isEmpty { add(place, "\(subject) has no steps", remedy: "give it a step, or remove it") }
        var ending: String?
        for (index, block) in steps.enumerated() {
            let place = place.child(index)
            if let end = ending {
                add(place, "\(block.name) is never reached: \(end) ends the saga", remedy: "remove it, or move it up")
                ending = nil
            }
            self.block(block, at: place, &context)
            if block.alwaysFails { ending = block.name }
        }
    }

    private mutating func block(_ block: SagaBlock, at place: SagaPlace, _ context: inout Context) {
        blocks += 1
        name(block.name, at: place)
        guard context.depth < SagaDefinition.depthLimit else {
            add(place, "steps are nested more than \(SagaDefinition.depthLimit) deep", remedy: "flatten them")
            return
        }
        switch block {
        case .step(let step): self.step(step, at: place, &context)
        case .parallel(let parallel): self.parallel(parallel, at: place, &context)
        case .forEach(let forEach): self.forEach(forEach, at: place, &context)
        case .choice(let choice): self.choice(choice, at: place, &context)
        case .fail(let fail):
            if fail.error.isEmpty { add(place, "\(fail.name) gives no error", remedy: "say what is wrong") }
            if context.order.isPastPoint {
                add(
                    place, "\(fail.name) stands behind a step that cannot be undone",
                    remedy: "move it before the pivot and the retriable steps")
            }
        }
    }

    private mutating func parallel(_ parallel: SagaParallel, at place: SagaPlace, _ context: inout Context) {
        if parallel.branches.count < 2 {
            add(place, "\(parallel.name) has fewer than two branches", remedy: "write the steps without it")
        }
        let before = context
        var after: [Context] = []
        for (index, branch) in parallel.branches.enumerated() {
            var inside = nested(before)
            inside.order.isParallel = true
            sequence(
                branch, at: place.child("branches").child(index), "branch \(index + 1) of \(parallel.name)", &inside)
            after.append(inside)
        }
        merge(after, into: &context)
        if after.contains(where: \.order.hasCompensatable), context.order.hasRetriable, !before.order.isPastPoint {
            add(
                place, "branches of \(parallel.name) are retriable beside others that may be undone",
                remedy: "move the retriable steps behind it")
        }
    }

    private mutating func forEach(_ forEach: SagaForEach, at place: SagaPlace, _ context: inout Context) {
        references([forEach.items], at: place.child("in"), context)
        if !(1...SagaForEach.mostItems).contains(forEach.limit) {
            add(
                place.child("limit"), "the limit of \(forEach.name) is \(forEach.limit)",
                remedy: "give one from 1 to \(SagaForEach.mostItems)")
        }
        if forEach.atOnce < 1 || forEach.atOnce > max(1, forEach.limit) {
            add(
                place.child("at_once"), "\(forEach.name) works on \(forEach.atOnce) items at once",
                remedy: "give a number from 1 to its limit")
        }
        var inside = nested(context)
        inside.order.isParallel = true
        inside.isInForEach = true
        sequence(forEach.steps, at: place.child("steps"), forEach.name, &inside)
        if inside.order.hasCompensatable, inside.order.hasRetriable, !context.order.isPastPoint {
            add(
                place, "steps of \(forEach.name) are retriable, and others of the next item may be undone",
                remedy: "move the retriable steps behind it")
        }
        // Which item's reply would be meant? Outside, none is.
        let replies = context.replies
        merge([inside], into: &context)
        context.replies = replies
    }

    private mutating func choice(_ choice: SagaChoice, at place: SagaPlace, _ context: inout Context) {
        if choice.cases.isEmpty {
            add(place, "\(choice.name) has no cases", remedy: "give it a condition, or write the steps without it")
        }
        var after: [Context] = []
        for (index, one) in choice.cases.enumerated() {
            let place = place.child("when").child(index)
            references(one.condition.references, at: place, context)
            if choice.cases[..<index].contains(where: { $0.condition == one.condition }) {
                add(place, "the case is never reached: one before it has the same condition", remedy: "remove it")
            }
            var inside = nested(context)
            sequence(one.steps, at: place.child("steps"), "case \(index + 1) of \(choice.name)", &inside)
            after.append(inside)
        }
        if let otherwise = choice.otherwise {
            var inside = nested(context)
            if !otherwise.isEmpty {
                sequence(otherwise, at: place.child("otherwise"), "otherwise of \(choice.name)", &inside)
            }
            after.append(inside)
        } else {
            add(place, "\(choice.name) does not say what happens otherwise", remedy: "add otherwise: with steps, or []")
        }
        merge(after, into: &context)
    }

    private func nested(_ context: Context) -> Context {
        var inside = context
        inside.depth += 1
        inside.order.hasCompensatable = false
        return inside
    }

    private func merge(_ branches: [Context], into context: inout Context) {
        for branch in branches {
            context.replies.formUnion(branch.replies)
            context.order.merge(branch.order)
        }
    }

    private mutating func name(_ name: String, at place: SagaPlace) {
        if !SagaName.allows(name) {
            add(place, "\"\(name)\" is no name for a step", remedy: "use \(SagaName.rule)")
        } else if let first = names[name] {
            add(place, "\(name) is there twice: first at \(first)", remedy: "give each step a name of its own")
        } else {
            names[name] = place
        }
    }
}

extension SagaBlock {
    /// Whether nothing that stands behind it is reached.
    var alwaysFails: Bool {
        switch self {
        case .fail: true
        case .step: false
        case .parallel(let parallel): parallel.branches.contains { $0.contains(where: \.alwaysFails) }
        case .forEach: false
        case .choice(let choice):
            ([choice.otherwise ?? []] + choice.cases.map(\.steps)).allSatisfy { $0.contains(where: \.alwaysFails) }
        }
    }
}

extension SagaDefinition {
    /// The time that the steps may take when each succeeds at its first attempt, at the last moment; of a choice the longest
    /// case, of a for each one item.
    static func leastTime(of steps: [SagaBlock]) -> Duration {
        steps.reduce(.zero) { sum, block in
            switch block {
            case .step(let step):
                if case .timer(let duration) = step.activity {
                    sum + bounded(duration)
                } else {
                    sum + bounded(step.timeout)
                }
            case .parallel(let parallel): sum + (parallel.branches.map { leastTime(of: $0) }.max() ?? .zero)
            case .forEach(let forEach): sum + leastTime(of: forEach.steps)
            case .choice(let choice):
                sum + ((choice.cases.map(\.steps) + [choice.otherwise ?? []]).map { leastTime(of: $0) }.max() ?? .zero)
            case .fail: sum
            }
        }
    }

    /// A time that is a problem by itself must not overflow the sum.
    private static func bounded(_ duration: Duration) -> Duration {
        min(max(duration, .zero), SagaCheck.longestTime)
    }
}
