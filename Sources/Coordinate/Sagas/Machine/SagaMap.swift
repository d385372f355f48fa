import SagaModel

/// Where each block of a definition stands.
struct SagaMap: Sendable {
    private var steps: [String: SagaStep] = [:]
    private var enclosing: [String: [SagaForEach]] = [:]
    /// The events that some step waits for.
    private(set) var awaited: Set<SagaEventName> = []
    /// The steps that wait for an event.
    private(set) var eventSteps: [(name: String, event: SagaAwaitedEvent)] = []

    init(_ definition: SagaDefinition) {
        add(definition.steps, within: [])
    }

    func step(_ name: String) -> SagaStep? { steps[name] }
    /// The for eaches around a block, from the outside in.
    func forEaches(around name: String) -> [SagaForEach] { enclosing[name] ?? [] }

    private mutating func add(_ blocks: [SagaBlock], within forEaches: [SagaForEach]) {
        for block in blocks {
            enclosing[block.name] = forEaches
            switch block {
            case .step(let step):
                steps[step.name] = step
                if case .event(let event) = step.activity {
                    awaited.insert(event.event)
                    eventSteps.append((step.name, event))
                }
            case .parallel(let parallel): for branch in parallel.branches { add(branch, within: forEaches) }
            case .forEach(let forEach): add(forEach.steps, within: forEaches + [forEach])
            case .choice(let choice):
                for one in choice.cases { add(one.steps, within: forEaches) }
                add(choice.otherwise ?? [], within: forEaches)
            case .fail: break
            }
        }
    }
}
