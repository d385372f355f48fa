import FleetCore
import SagaModel
import Sagas

/// A saga in code: a business operation over several services that completes, or what it did is undone, step by step, in
/// reverse order. It runs on the same engine as the sagas of a fleet file.
///
/// ```swift
/// let placeOrder = try Saga<Order>("place_order", deadline: .seconds(3600), lock: "order:{data.id}") {
///     Step("reserve") { order, step in
///         try await stock.reserve(order.lines, key: step.idempotencyKey)
///     } undo: { order, reservation, step in
///         try await stock.release(order.id, key: step.idempotencyKey)
///     }
///     Step("charge") { order, step in
///         try await bank.charge(order.total, key: step.idempotencyKey)
///     } undo: { order, charge, step in
///         try await bank.refund(order.id, key: step.idempotencyKey)
///     }
///     Pivot("confirm", inTransaction: { order, transaction, step in
///         try transaction.execute("UPDATE orders SET state = 'confirmed' WHERE id = $1", order.id)
///     })
/// }
/// ```
///
/// Steps that can be undone come first, then there is at most one pivot, then what is retried until it is done.
public struct Saga<Input: Codable & Sendable>: Sendable {
    public let name: String
    let definition: SagaDefinition
    /// By the names of the steps.
    let code: [String: SagaCode]

    /// - Parameters:
    ///   - deadline: of the whole; a saga that can still be undone then is undone.
    ///   - lock: what the saga has to itself while it runs, with fields of its input in braces: `"order:{data.id}"`. Sagas
    ///     with the same lock run one after the other.
    /// - Throws: `FleetError` with code `invalidInput` for what is wrong with the definition: a second pivot, a step that is
    ///   to be undone behind one that cannot be, two steps of one name.
    public init(
        _ name: String, deadline: Duration, lock: String? = nil, @SagaBuilder<Input> _ steps: () -> SagaSteps<Input>
    ) throws {
        let steps = steps()
        var locks: [SagaLock] = []
        if let lock {
            guard let template = SagaTemplate(lock) else {
                throw FleetError(
                    .invalidInput, "the lock of the saga \(name) has a brace that is no reference",
                    remedy: "write {data.FIELD}, and {{ for a brace")
            }
            locks.append(SagaLock(key: template, duration: deadline))
        }
        definition = SagaDefinition(
            name: try SagaName(name), deadline: deadline, locks: locks, steps: steps.parts.map(\.block))
        if let problem = definition.problems().first {
            throw FleetError(.invalidInput, "the saga \(name) is not right: \(problem)")
        }
        self.name = name
        // The definition has no two steps of one name.
        code = Dictionary(steps.parts.flatMap(\.code)) { first, _ in first }
    }
}

/// What a step, or what undoes it, knows of its attempt.
public struct SagaAttempt: Sendable {
    /// The saga's id.
    public let saga: String
    /// The same for all attempts: by it whoever does it can tell that it was asked for already.
    public let idempotencyKey: String
    /// From 1.
    public let number: Int
    /// Its place in a trace, for requests that it makes; `nil` where the saga belongs to none.
    public let traceParent: String?
    private let replies: [String: String]

    init(_ call: SagaLocalCall) {
        saga = call.id
        idempotencyKey = call.idempotencyKey
        number = call.ticket.attempt
        traceParent = call.traceParent
        replies = call.replies
    }

    /// What an earlier step answered.
    /// - Throws: `FleetError` with code `missing` where that step is not done, `badEvent` where its answer is of another type.
    public func reply<Reply: Decodable>(of step: String, as type: Reply.Type = Reply.self) throws -> Reply {
        guard let text = replies[step] else {
            throw FleetError(.missing, "the step \(step) of \(saga) has not answered")
        }
        return try SagaJSON.decode(type, text, "the reply of \(step) of \(saga)")
    }
}
