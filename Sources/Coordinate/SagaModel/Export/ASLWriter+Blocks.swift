/// Parallel, for each and choice, and how they are undone.
extension ASLWriter {
    mutating func parallel(_ parallel: SagaParallel, next: String?, _ scope: inout ASLScope) {
        let known = replies
        var branches: [ASLValue] = []
        var found: [String: String] = [:]
        for (index, blocks) in parallel.branches.enumerated() {
            replies = known
            branches.append(branch(blocks))
            for (step, path) in replies where known[step] == nil {
                found[step] = "$.branches.\(parallel.name)[\(index)]\(path.dropFirst())"
            }
        }
        // Undone from outside, where the replies are found among the results.
        replies = known.merging(found) { _, inner in inner }
        let undoings = parallel.branches.enumerated().compactMap { undoing($1, end: "undid \(parallel.name) \($0)") }
        undoable(
            parallel.name, next: next, &scope,
            members: [
                ASLMember("Type", .text("Parallel")), ASLMember("Branches", .array(branches)),
                ASLMember("ResultPath", .text("$.branches.\(parallel.name)")),
            ],
            undo: undoings.isEmpty
                ? nil : [ASLMember("Type", .text("Parallel")), ASLMember("Branches", .array(undoings))])
        if !undoings.isEmpty {
            remark(
                "Where a branch of \(parallel.name) fails the others are cut off, and all of them are undone, done or not."
            )
        }
    }

    mutating func forEach(_ forEach: SagaForEach, next: String?, _ scope: inout ASLScope) {
        remark("The limit of \(forEach.name) (\(forEach.limit) items): the language has none.")
        let known = replies
        let processor = branch(forEach.steps, isItem: true)
        replies = known
        let selector = ASLValue.object(
            ["data", "replies", "branches", "choices"].map { ASLMember("\($0).$", .text("$.\($0)")) }
                + [ASLMember("item.$", .text("$$.Map.Item.Value"))])
        func members(_ processor: ASLValue) -> [ASLMember] {
            [
                ASLMember("Type", .text("Map")), ASLMember("ItemsPath", .text(path(forEach.items))),
                ASLMember("ItemSelector", selector), ASLMember("MaxConcurrency", .number(Double(forEach.atOnce))),
                ASLMember("ItemProcessor", processor),
            ]
        }
        let undoing = undoing(forEach.steps, end: "undid \(forEach.name)", isItem: true)
        undoable(
            forEach.name, next: next, &scope,
            members: members(processor) + [ASLMember("ResultPath", .text("$.branches.\(forEach.name)"))],
            undo: undoing.map { members($0) })
        if undoing != nil {
            remark(
                "The items of \(forEach.name) are undone in their order, not in reverse, and all of them, done or not.")
        }
    }

    mutating func choice(_ choice: SagaChoice, next: String?, _ scope: inout ASLScope) {
        let before = scope.undo
        var choices: [ASLValue] = []
        var undoings: [ASLValue] = []
        var isPastPoint = false
        let all = choice.cases.map(\.steps) + [choice.otherwise ?? []]
        for (index, steps) in all.enumerated() {
            if !scope.undoesAll { scope.undo = before }
            let note = "\(choice.name) \(index)"
            let first = sequence(steps, next: next, &scope)
            let end: ASLMember = ending(first)
            scope.add(
                note,
                [
                    ASLMember("Type", .text("Pass")), ASLMember("Result", .number(Double(index))),
                    ASLMember("ResultPath", .text("$.choices.\(choice.name)")), end,
                ])
            if index < choice.cases.count, case .object(let members) = rule(choice.cases[index].condition) {
                choices.append(.object(members + [ASLMember("Next", .text(note))]))
            }
            if scope.undo == nil { isPastPoint = true }
            if let undo = scope.undo, undo != before {
                undoings.append(
                    .members(
                        ("Variable", .text("$.choices.\(choice.name)")), ("NumericEquals", .number(Double(index))),
                        ("Next", .text(undo))))
            }
        }
        if scope.undoesAll { return }
        scope.undo = before
        if isPastPoint {
            scope.undo = nil
        } else if !undoings.isEmpty, let before {
            scope.add(
                "undo \(choice.name)",
                [
                    ASLMember("Type", .text("Choice")), ASLMember("Choices", .array(undoings)),
                    ASLMember("Default", .text(before)),
                ])
            scope.undo = "undo \(choice.name)"
        }
        scope.add(
            choice.name,
            [
                ASLMember("Type", .text("Choice")), ASLMember("Choices", .array(choices)),
                ASLMember("Default", .text("\(choice.name) \(choice.cases.count)")),
            ])
    }

    // MARK: Parts

    /// A state with branches, caught as a whole, and undone as a whole.
    private mutating func undoable(
        _ name: String, next: String?, _ scope: inout ASLScope, members: [ASLMember], undo: [ASLMember]?
    ) {
        var members = members
        let before = scope.undo
        if scope.catches, let undo, let before {
            scope.add("undo \(name)", undo + [ASLMember("ResultPath", .text("$.undone.\(name)")), ending(before)])
            scope.undo = "undo \(name)"
        }
        if scope.catches, let entry = scope.undo {
            members.append(ASLMember("Catch", .array([caught("States.ALL", entry)])))
        }
        scope.add(name, members + [ending(next)])
    }

    private mutating func branch(_ blocks: [SagaBlock], isItem: Bool = false) -> ASLValue {
        var scope = ASLScope(catches: false, undo: nil)
        let first = sequence(blocks, next: nil, &scope) ?? "nothing"
        return processor(scope, first, isItem: isItem)
    }

    /// A branch that undoes all of a sequence, in reverse order; `nil` where nothing is to be undone.
    private mutating func undoing(_ blocks: [SagaBlock], end: String, isItem: Bool = false) -> ASLValue? {
        var scope = ASLScope(catches: true, undo: end, undoesAll: true)
        _ = sequence(blocks, next: nil, &scope)
        guard let first = scope.undo, first != end else { return nil }
        scope.add(end, [ASLMember("Type", .text("Succeed"))])
        return processor(scope, first, isItem: isItem)
    }

    private func processor(_ scope: ASLScope, _ first: String, isItem: Bool) -> ASLValue {
        let configuration = ASLMember("ProcessorConfig", .members(("Mode", .text("INLINE"))))
        return .object(
            (isItem ? [configuration] : []) + [
                ASLMember("StartAt", .text(first)), ASLMember("States", .object(scope.reachable(from: first))),
            ])
    }

    private func rule(_ condition: SagaCondition) -> ASLValue {
        switch condition {
        case .exists(let reference):
            return .members(("Variable", .text(path(reference))), ("IsPresent", .boolean(true)))
        case .all(let conditions): return .members(("And", .array(conditions.map { rule($0) })))
        case .any(let conditions): return .members(("Or", .array(conditions.map { rule($0) })))
        case .not(let condition): return .members(("Not", rule(condition)))
        case .compare(let reference, let comparison, let literal):
            let variable = ("Variable", ASLValue.text(path(reference)))
            let present = ASLValue.members(variable, ("IsPresent", .boolean(true)))
            let (kind, value): (String, ASLValue) =
                switch literal {
                case .text(let text): ("String", .text(text))
                case .number(let number): ("Numeric", .number(number))
                case .boolean(let value): ("Boolean", .boolean(value))
                }
            let (word, isNegated): (String, Bool) =
                switch comparison {
                case .equals: ("Equals", false)
                case .notEquals: ("Equals", true)
                case .above: ("GreaterThan", false)
                case .atLeast: ("GreaterThanEquals", false)
                case .below: ("LessThan", false)
                case .atMost: ("LessThanEquals", false)
                }
            let test = ASLValue.members(variable, (kind + word, value))
            // A path that leads nowhere fails a state; here it does not hold.
            return .members(("And", .array([present, isNegated ? .members(("Not", test)) : test])))
        }
    }
}
