/// Writes the states of a saga.
struct ASLWriter {
    private(set) var remarks: [String] = []
    /// Where the reply of a step is, in the scope at hand.
    var replies: [String: String] = [:]

    private static let undone = "undone"
    private static let unknown = "pivot unknown"

    mutating func remark(_ text: String) {
        if !remarks.contains(text) { remarks.append(text) }
    }

    mutating func machine(_ definition: SagaDefinition) -> ASLValue {
        remark(
            "The deadline (\(definition.deadline)): a time-out of the state machine would end it without compensation.")
        if !definition.locks.isEmpty { remark("Locks: the language has none.") }
        remark(
            "A compensation, or a step behind the pivot, that fails for good ends the execution as failed: nothing is parked."
        )
        remark("A refusal after an attempt whose outcome is unknown counts as not done.")
        if let start = definition.start {
            remark("The start by \(start): a rule of the event bus must start the execution.")
        }
        var scope = ASLScope(catches: true, undo: Self.undone)
        let first = sequence(definition.steps, next: nil, &scope)
        scope.add(
            Self.undone,
            [
                ASLMember("Type", .text("Fail")), ASLMember("Error", .text("saga.compensated")),
                ASLMember("Cause", .text("The saga failed, and what was done is undone.")),
            ])
        scope.add(
            Self.unknown,
            [
                ASLMember("Type", .text("Fail")), ASLMember("Error", .text("saga.pivot-unknown")),
                ASLMember("Cause", .text("It is not known whether the pivot is done: nothing is undone.")),
            ])
        let begin = ASLMember("Type", .text("Pass"))
        let empty = ["replies", "branches", "choices"].map { ASLMember($0, .object([])) }
        scope.states.insert(
            ASLMember(
                "begin",
                .object([
                    begin,
                    ASLMember(
                        "Parameters", .object([ASLMember("data.$", .text("$.data"))] + empty)),
                    ASLMember("Next", .text(first ?? Self.undone)),
                ])), at: 0)
        return .members(
            ("Comment", .text("The saga \(definition.name), written by flotilla")), ("StartAt", .text("begin")),
            ("States", .object(scope.reachable(from: "begin"))))
    }

    /// Writes a sequence that goes on to `next`, or ends; returns its first state.
    mutating func sequence(_ blocks: [SagaBlock], next: String?, _ scope: inout ASLScope) -> String? {
        for (index, block) in blocks.enumerated() {
            let following = blocks[(index + 1)...].first.map(Self.first) ?? next
            self.block(block, next: following, &scope)
        }
        return blocks.first.map(Self.first) ?? next
    }

    private static func first(of block: SagaBlock) -> String { block.name }

    private mutating func block(_ block: SagaBlock, next: String?, _ scope: inout ASLScope) {
        switch block {
        case .step(let step): self.step(step, next: next, &scope)
        case .parallel(let parallel): self.parallel(parallel, next: next, &scope)
        case .forEach(let forEach): self.forEach(forEach, next: next, &scope)
        case .choice(let choice): self.choice(choice, next: next, &scope)
        case .fail(let fail):
            if scope.catches, let undo = scope.undo {
                scope.add(
                    fail.name,
                    [
                        ASLMember("Type", .text("Pass")), ASLMember("Result", .members(("Error", .text(fail.error)))),
                        ASLMember("ResultPath", .text("$.error")), ASLMember("Next", .text(undo)),
                    ])
            } else {
                scope.add(
                    fail.name,
                    [
                        ASLMember("Type", .text("Fail")), ASLMember("Error", .text(fail.name)),
                        ASLMember("Cause", .text(fail.error)),
                    ])
            }
        }
    }

    /// What comes after a state.
    func ending(_ next: String?) -> ASLMember {
        next.map { ASLMember("Next", .text($0)) } ?? ASLMember("End", .boolean(true))
    }

    func caught(_ errors: String, _ next: String) -> ASLValue {
        .members(("ErrorEquals", .array([.text(errors)])), ("ResultPath", .text("$.error")), ("Next", .text(next)))
    }

    // MARK: Steps

    private mutating func step(_ step: SagaStep, next: String?, _ scope: inout ASLScope) {
        if case .timer(let duration) = step.activity {
            scope.add(
                step.name,
                [
                    ASLMember("Type", .text("Wait")), ASLMember("Seconds", .number(Self.seconds(duration))),
                    ending(next),
                ])
            return
        }
        let before = scope.undo
        if let compensation = step.compensation {
            let name = "undo \(step.name)"
            // The reply is there only where the step is done; a parameter that is not there fails the task.
            replies[step.name] = "$.replies.\(step.name)"
            let members = task(
                compensation.activity, name: name, retry: compensation.retry, timeout: compensation.timeout,
                result: "$.undone.\(step.name)")
            scope.add(name, members + [ending(before)])
            if compensation.activity.references.contains(where: { $0.root == .reply(step: step.name) }) {
                remark("The compensation of \(step.name) needs its reply, and fails where the outcome was unknown.")
            }
            scope.undo = name
        }
        var members = task(
            step.activity, name: step.name, retry: step.retry, timeout: step.timeout,
            result: "$.replies.\(step.name)")
        replies[step.name] = "$.replies.\(step.name)"
        if scope.catches, let before, let undo = scope.undo {
            switch step.role {
            case .compensatable:
                members.append(
                    ASLMember("Catch", .array([caught(SagaFailureCode.rejected, before), caught("States.ALL", undo)])))
            case .pivot:
                members.append(
                    ASLMember(
                        "Catch", .array([caught(SagaFailureCode.rejected, before), caught("States.ALL", Self.unknown)]))
                )
                // Behind the point of no return there is nothing to catch.
                scope.undo = nil
            case .retriable: scope.undo = nil
            case .query: members.append(ASLMember("Catch", .array([caught("States.ALL", before)])))
            }
        }
        scope.add(step.name, members + [ending(next)])
    }

    static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(max(1, attoseconds > 0 ? seconds + 1 : seconds))
    }
}
