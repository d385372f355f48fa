import FleetCore
import SagaModel
import TestKit

/// Draws sagas that have no problems.
struct DefinitionGenerator {
    private var random: RandomSource
    private var names = 0

    static func definition(using random: inout RandomSource) -> SagaDefinition {
        var generator = DefinitionGenerator(random: RandomSource(seed: random.next()))
        return generator.definition()
    }

    private init(random: RandomSource) { self.random = random }

    private mutating func definition() -> SagaDefinition {
        var steps = sequence(random.between(1, 3), depth: 0)
        if random.chance(60) { steps.append(step(.pivot)) }
        for _ in 0..<random.below(3) {
            steps.append(
                random.chance(25)
                    ? .parallel(SagaParallel(name: name(), branches: [[step(.retriable)], [step(.retriable)]]))
                    : step(.retriable))
        }
        var definition = SagaDefinition(name: SagaName(unchecked: "drawn"), deadline: .seconds(1), steps: steps)
        while !definition.problems().isEmpty, definition.deadline < .seconds(100_000) {
            definition.deadline = definition.deadline * 2
        }
        if random.chance(40) { definition.deadline = definition.deadline * random.between(2, 8) }
        if random.chance(60), let key = SagaTemplate("k:{data.k}") {
            definition.locks = [
                SagaLock(
                    key: key, duration: definition.deadline * random.between(1, 3),
                    conflict: [.wait, .wait, .fail, .reject][random.below(4)])
            ]
        }
        return definition
    }

    private mutating func sequence(_ count: Int, depth: Int) -> [SagaBlock] {
        (0..<count).map { _ in block(depth: depth) }
    }

    private mutating func block(depth: Int) -> SagaBlock {
        switch depth < 2 ? random.below(12) : random.below(8) {
        case 0: return wait()
        case 8: return .parallel(SagaParallel(name: name(), branches: branches(depth: depth)))
        case 9:
            return .forEach(
                SagaForEach(
                    name: name(), items: SagaReference(.data, ["lines"]), limit: 3, atOnce: random.between(1, 2),
                    steps: sequence(random.between(1, 2), depth: depth + 1)))
        case 10: return choice(depth: depth)
        default: return step(.compensatable)
        }
    }

    private mutating func branches(depth: Int) -> [[SagaBlock]] {
        (0..<random.between(2, 3)).map { _ in sequence(random.between(1, 2), depth: depth + 1) }
    }

    private mutating func choice(depth: Int) -> SagaBlock {
        let condition = SagaCondition.compare(SagaReference(.data, ["n"]), .above, .number(Double(random.below(10))))
        let one = SagaChoice.Case(condition, steps: sequence(1, depth: depth + 1))
        let fails = random.chance(10)
        let otherwise =
            fails ? [.fail(SagaFail(name: name(), error: "nothing left"))] : sequence(random.below(2), depth: depth + 1)
        return .choice(SagaChoice(name: name(), cases: [one], otherwise: otherwise))
    }

    private mutating func wait() -> SagaBlock {
        let activity: SagaActivity =
            switch random.below(3) {
            case 0: .timer(.seconds(random.between(1, 5)))
            case 1:
                .event(
                    SagaAwaitedEvent(
                        event: SagaEventName(service: "s", type: "Arrived"), field: "k",
                        equals: SagaReference(.data, ["k"])))
            default: .decision(SagaDecision(options: ["yes", "no"], otherwise: random.chance(50) ? "no" : nil))
            }
        return .step(
            SagaStep(name: name(), activity: activity, role: .query, timeout: .seconds(random.between(2, 10))))
    }

    private mutating func step(_ role: SagaRole) -> SagaBlock {
        let compensation = SagaCompensation(activity: activity(), retry: retry(), timeout: .seconds(3))
        return .step(
            SagaStep(
                name: name(), activity: activity(), role: role,
                compensation: role == .compensatable ? compensation : nil, retry: retry(),
                timeout: .seconds(random.between(1, 6))))
    }

    private func activity() -> SagaActivity { .sql(SagaSQL(service: "s", statements: "SELECT 1")) }

    private mutating func retry() -> SagaRetry {
        SagaRetry(
            attempts: random.between(1, 3), initial: .milliseconds(100), cap: .seconds(2),
            errors: random.chance(30) ? ["busy", "timeout"] : nil)
    }

    private mutating func name() -> String {
        names += 1
        return "s\(names)"
    }
}
