import FleetCore
import SagaModel

/// Sagas for tests.
enum Samples {
    static func sql(_ text: String = "SELECT 1") -> SagaActivity { .sql(SagaSQL(service: "s", statements: text)) }

    static func step(
        _ name: String, _ role: SagaRole = .compensatable, retry: SagaRetry = .never, undoRetry: SagaRetry = .never
    ) -> SagaBlock {
        .step(
            SagaStep(
                name: name, activity: sql(), role: role,
                compensation: role == .compensatable ? SagaCompensation(activity: sql(), retry: undoRetry) : nil,
                retry: retry, timeout: .seconds(10)))
    }

    static func wait(_ name: String, _ activity: SagaActivity, timeout: Duration = .seconds(60)) -> SagaBlock {
        .step(SagaStep(name: name, activity: activity, role: .query, timeout: timeout))
    }

    static func saga(_ steps: [SagaBlock], locks: [SagaLock] = [], deadline: Duration = .seconds(3_600))
        -> SagaDefinition
    {
        SagaDefinition(name: SagaName(unchecked: "test"), deadline: deadline, locks: locks, steps: steps)
    }

    static let twice = SagaRetry(attempts: 2, initial: .seconds(1), cap: .seconds(4))

    /// Reserve, charge, then confirm as the pivot, then tell.
    static let order = saga([step("reserve"), step("charge"), step("confirm", .pivot), step("tell", .retriable)])
}
