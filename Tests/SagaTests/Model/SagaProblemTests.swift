import SagaModel
import Testing

/// What a definition's own check finds, and where.
@Suite struct SagaProblemTests {
    private static let data = SagaReference(.data, ["x"])

    private static let wrong: [(String, SagaDefinition, place: String, part: String)] = [
        (
            "order", Samples.saga([Samples.step("a", .retriable), Samples.step("b", .pivot)]), "steps 1",
            "stands behind a retriable"
        ),
        ("pivots", Samples.saga([Samples.step("a", .pivot), Samples.step("b", .pivot)]), "steps 1", "second pivot"),
        ("late", Samples.saga([Samples.step("a", .pivot), Samples.step("b")]), "steps 1", "stands behind a step"),
        (
            "pivot in parallel",
            Samples.saga([
                .parallel(
                    SagaParallel(name: "p", branches: [[Samples.step("a", .pivot)], [Samples.step("b", .query)]]))
            ]), "steps 0 branches 0 0", "in parallel"
        ),
        (
            "mixed branches",
            Samples.saga([
                .parallel(SagaParallel(name: "p", branches: [[Samples.step("a", .retriable)], [Samples.step("b")]]))
            ]), "steps 0", "retriable beside others"
        ),
        (
            "mixed items",
            Samples.saga([
                .forEach(
                    SagaForEach(name: "f", items: data, steps: [Samples.step("a"), Samples.step("b", .retriable)]))
            ]), "steps 0", "of the next item"
        ),
        ("names", Samples.saga([Samples.step("a"), Samples.step("a")]), "steps 1", "there twice"),
        ("empty", Samples.saga([]), "steps", "has no steps"),
        (
            "otherwise",
            Samples.saga([
                .choice(
                    SagaChoice(name: "c", cases: [.init(.exists(data), steps: [Samples.step("a")])], otherwise: nil))
            ]), "steps 0", "otherwise"
        ),
        (
            "same case",
            Samples.saga([
                .choice(
                    SagaChoice(
                        name: "c",
                        cases: [
                            .init(.exists(data), steps: [Samples.step("a")]),
                            .init(.exists(data), steps: [Samples.step("b")]),
                        ], otherwise: []))
            ]), "steps 0 when 1", "never reached"
        ),
        (
            "unreachable", Samples.saga([.fail(SagaFail(name: "f", error: "no")), Samples.step("a")]), "steps 1",
            "never reached"
        ),
        (
            "unreachable behind a choice",
            Samples.saga([
                .choice(
                    SagaChoice(
                        name: "c", cases: [.init(.exists(data), steps: [.fail(SagaFail(name: "f", error: "no"))])],
                        otherwise: [.fail(SagaFail(name: "g", error: "no"))])), Samples.step("a"),
            ]), "steps 1", "never reached"
        ),
        (
            "fail late", Samples.saga([Samples.step("a", .pivot), .fail(SagaFail(name: "f", error: "no"))]), "steps 1",
            "cannot be undone"
        ),
        (
            "deadline", Samples.saga([Samples.step("a"), Samples.step("b")], deadline: .seconds(19)), "deadline",
            "shorter than"
        ),
        ("no deadline", Samples.saga([Samples.step("a")], deadline: .zero), "deadline", "the deadline is"),
        (
            "endless",
            Samples.saga([Samples.step("a", retry: SagaRetry(attempts: .max, initial: .seconds(1), cap: .seconds(1)))]),
            "steps 0 retry", "attempts are not possible"
        ),
        (
            "later reply",
            Samples.saga([
                .forEach(
                    SagaForEach(name: "f", items: SagaReference(.reply(step: "b")), steps: [Samples.step("a")])),
                Samples.step("b"),
            ]), "steps 0 in", "does not come before"
        ),
        (
            "item outside",
            Samples.saga([.forEach(SagaForEach(name: "f", items: SagaReference(.item), steps: [Samples.step("a")]))]),
            "steps 0 in", "outside of a for each"
        ),
        (
            "limit",
            Samples.saga([.forEach(SagaForEach(name: "f", items: data, limit: 1_001, steps: [Samples.step("a")]))]),
            "steps 0 limit", "limit of f"
        ),
        (
            "waiting compensation",
            Samples.saga([
                .step(
                    SagaStep(
                        name: "a", activity: Samples.sql(), role: .compensatable,
                        compensation: SagaCompensation(activity: .timer(.seconds(1)))))
            ]), "steps 0 compensate", "only waits"
        ),
        (
            "waiting pivot", Samples.saga([.step(SagaStep(name: "a", activity: .timer(.seconds(1)), role: .pivot))]),
            "steps 0", "only waits"
        ),
    ]

    @Test(arguments: wrong.indices)
    func whatIsWrongIsFoundWhereItStands(_ index: Int) {
        let (name, definition, place, part) = Self.wrong[index]
        let problems = definition.problems()
        #expect(problems.map(\.place.description) == [place], "\(name): \(problems)")
        #expect(problems.first?.message.contains(part) == true, "\(name): \(problems)")
    }

    @Test func rightOnesHaveNoProblems() {
        #expect(Samples.order.problems() == [])
    }

    @Test func absurdDefinitionsDoNotTrap() {
        var steps = [Samples.step("a")]
        for index in 0..<100 {
            steps = [.parallel(SagaParallel(name: "p\(index)", branches: [steps, [Samples.step("q\(index)")]]))]
        }
        #expect(!Samples.saga(steps).problems().isEmpty)
        let long = SagaRetry(attempts: -1, initial: .seconds(Int64.max), cap: .seconds(Int64.max))
        let step = SagaStep(
            name: "", activity: .timer(.seconds(Int64.max)), role: .query, retry: long, timeout: .seconds(Int64.max))
        #expect(!Samples.saga([.step(step), .step(step)], deadline: .seconds(Int64.max)).problems().isEmpty)
        #expect(long.delay(afterFailures: .max, jitter: .nan) > .zero)
    }

    @Test func waitsGrowAndAreBounded() {
        let retry = SagaRetry(attempts: 9, initial: .seconds(1), cap: .seconds(5))
        #expect(
            (1...4).map { retry.delay(afterFailures: $0, jitter: 1) } == [
                .seconds(1), .seconds(2), .seconds(4), .seconds(5),
            ])
        #expect(retry.delay(afterFailures: 1, jitter: 0) == .milliseconds(500))
    }

    @Test func templatesAndReferencesAreReadStrictly() {
        #expect(SagaTemplate("order:{data.id}")?.references.map(\.description) == ["data.id"])
        #expect(SagaTemplate("{{x}}")?.filled { _ in "" } == "{x}")
        for text in ["{", "}", "{x}", "{data..x}", "{data.x", "{data.{data.x}}"] { #expect(SagaTemplate(text) == nil) }
        for text in ["", "x", "data.", ".data", "replies", "replies.", "data.a b"] {
            #expect(SagaReference(text) == nil)
        }
    }
}
