import SagaModel
import Sagas

/// Which runs of steps come before which, from the definition alone.
struct StepOrder {
    private enum Component: Hashable {
        case sequence(Int)
        case branch(Int)
        case item(atOnce: Int)
    }

    private var paths: [String: [Component]] = [:]
    private(set) var steps: [String: SagaStep] = [:]

    init(_ definition: SagaDefinition) { add(definition.steps, []) }

    private mutating func add(_ blocks: [SagaBlock], _ path: [Component]) {
        for (index, block) in blocks.enumerated() {
            let path = path + [.sequence(index)]
            paths[block.name] = path
            switch block {
            case .step(let step): steps[step.name] = step
            case .parallel(let parallel):
                for (index, branch) in parallel.branches.enumerated() { add(branch, path + [.branch(index)]) }
            case .forEach(let forEach): add(forEach.steps, path + [.item(atOnce: forEach.atOnce)])
            case .choice(let choice):
                for (index, one) in choice.cases.enumerated() { add(one.steps, path + [.branch(index)]) }
                add(choice.otherwise ?? [], path + [.branch(-1)])
            case .fail: break
            }
        }
    }

    func isBefore(_ left: SagaStepID, _ right: SagaStepID) -> Bool {
        guard let leftPath = paths[left.name], let rightPath = paths[right.name] else { return false }
        var depth = 0
        for (one, other) in zip(leftPath, rightPath) {
            switch (one, other) {
            case (.sequence(let one), .sequence(let other)) where one != other: return one < other
            case (.branch(let one), .branch(let other)) where one != other: return false
            case (.item(let atOnce), .item):
                let (one, other) = (left.items[depth], right.items[depth])
                if one != other { return atOnce == 1 && one < other }
                depth += 1
            default: break
            }
        }
        return false
    }

    /// All runs that a saga with these data has when it completes.
    static func expected(_ blocks: [SagaBlock], number: Int, lines: Int, items: [Int] = []) -> [SagaStepID] {
        blocks.flatMap { block -> [SagaStepID] in
            switch block {
            case .step(let step): return step.activity.hasEffect ? [SagaStepID(step.name, items: items)] : []
            case .parallel(let parallel):
                return parallel.branches.flatMap { expected($0, number: number, lines: lines, items: items) }
            case .forEach(let forEach):
                return (0..<lines).flatMap {
                    expected(forEach.steps, number: number, lines: lines, items: items + [$0])
                }
            case .choice(let choice):
                guard case .compare(_, _, .number(let bound)) = choice.cases.first?.condition else { return [] }
                let steps = Double(number) > bound ? choice.cases.first?.steps : choice.otherwise
                return expected(steps ?? [], number: number, lines: lines, items: items)
            case .fail: return []
            }
        }
    }
}
