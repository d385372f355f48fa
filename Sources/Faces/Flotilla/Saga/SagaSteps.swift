import FleetCore
import Foundation
public import SagaModel
import Sagas
import Stores

/// The parts of a saga, in order.
public struct SagaSteps<Input: Codable & Sendable>: Sendable {
    let parts: [SagaPart]
}

/// One part of a saga: what the engine knows of it, and the code behind it.
struct SagaPart: Sendable {
    let block: SagaBlock
    let code: [(String, SagaCode)]
}

/// The code of a step. Of each direction there is one form at most.
struct SagaCode: Sendable {
    typealias Asynchronous = @Sendable (SagaLocalCall) async throws -> String
    typealias Transactional = @Sendable (SagaLocalCall, any StoreTransaction, EventWriter) throws -> String

    var forward: Asynchronous?
    var forwardInTransaction: Transactional?
    var undo: Asynchronous?
    var undoInTransaction: Transactional?
}

/// Puts the parts of a saga together.
@resultBuilder public enum SagaBuilder<Input: Codable & Sendable> {
    public static func buildExpression<Reply>(_ step: Step<Input, Reply>) -> SagaSteps<Input> {
        SagaSteps(parts: [step.part])
    }

    public static func buildExpression<Reply>(_ pivot: Pivot<Input, Reply>) -> SagaSteps<Input> {
        SagaSteps(parts: [pivot.part])
    }

    public static func buildExpression<Reply>(_ step: Retriable<Input, Reply>) -> SagaSteps<Input> {
        SagaSteps(parts: [step.part])
    }

    public static func buildExpression(_ wait: Wait<Input>) -> SagaSteps<Input> { SagaSteps(parts: [wait.part]) }

    public static func buildExpression(_ decision: Decision<Input>) -> SagaSteps<Input> {
        SagaSteps(parts: [decision.part])
    }

    public static func buildExpression(_ parallel: Parallel<Input>) -> SagaSteps<Input> {
        SagaSteps(parts: [parallel.part])
    }

    public static func buildBlock(_ steps: SagaSteps<Input>...) -> SagaSteps<Input> {
        SagaSteps(parts: steps.flatMap(\.parts))
    }
}

/// A step that can be undone.
public struct Step<Input: Codable & Sendable, Reply: Codable & Sendable>: Sendable {
    let part: SagaPart

    /// - Parameters:
    ///   - retry: how often it is tried; 5 times by default, but after a ``SagaRefusal`` never again.
    ///   - timeout: how long one attempt may take.
    ///   - body: does it. It may run more than once, and whoever it asks tells repeats by ``SagaAttempt/idempotencyKey``.
    ///   - undo: undoes it. It must bear to run twice, and where `body` never had an effect; the reply is `nil` where it is
    ///     not known whether it was done.
    public init(
        _ name: String, retry: SagaRetry = .standard, timeout: Duration = .seconds(30),
        _ body: @escaping @Sendable (Input, SagaAttempt) async throws -> Reply,
        undo: @escaping @Sendable (Input, Reply?, SagaAttempt) async throws -> Void
    ) {
        let code = SagaCode(
            forward: SagaJSON.run(body),
            undo: { call in
                try await undo(SagaJSON.input(call), SagaJSON.ownReply(call), SagaAttempt(call))
                return "null"
            })
        part = SagaPart(name, code, retry, timeout, role: .compensatable)
    }

    /// As part of the transaction in which the engine notes that it is done: it is done exactly then.
    public init(
        _ name: String, retry: SagaRetry = .standard,
        inTransaction body: @escaping @Sendable (Input, Transaction, SagaAttempt) throws -> Reply,
        undo: @escaping @Sendable (Input, Reply?, Transaction, SagaAttempt) throws -> Void
    ) {
        let code = SagaCode(
            forwardInTransaction: SagaJSON.run(body),
            undoInTransaction: { call, base, events in
                try undo(
                    SagaJSON.input(call), SagaJSON.ownReply(call),
                    Transaction(base, events: events, trace: call.traceParent), SagaAttempt(call))
                return "null"
            })
        part = SagaPart(name, code, retry, .seconds(30), role: .compensatable)
    }
}

/// The step after which there is no way back.
public struct Pivot<Input: Codable & Sendable, Reply: Codable & Sendable>: Sendable {
    let part: SagaPart

    /// See ``Step``. Where it is not known whether it was done, the saga waits for an operator.
    public init(
        _ name: String, retry: SagaRetry = .standard, timeout: Duration = .seconds(30),
        _ body: @escaping @Sendable (Input, SagaAttempt) async throws -> Reply
    ) {
        part = SagaPart(name, SagaCode(forward: SagaJSON.run(body)), retry, timeout, role: .pivot)
    }

    /// As part of the transaction in which the engine notes that it is done.
    public init(
        _ name: String, retry: SagaRetry = .standard,
        inTransaction body: @escaping @Sendable (Input, Transaction, SagaAttempt) throws -> Reply
    ) {
        part = SagaPart(
            name, SagaCode(forwardInTransaction: SagaJSON.run(body)), retry, .seconds(30), role: .pivot)
    }
}

/// A step behind the point of no return: it is tried until it is done.
public struct Retriable<Input: Codable & Sendable, Reply: Codable & Sendable>: Sendable {
    let part: SagaPart

    /// See ``Step``. Where its attempts do not suffice, the saga waits for an operator.
    public init(
        _ name: String, retry: SagaRetry = .standard, timeout: Duration = .seconds(30),
        _ body: @escaping @Sendable (Input, SagaAttempt) async throws -> Reply
    ) {
        part = SagaPart(name, SagaCode(forward: SagaJSON.run(body)), retry, timeout, role: .retriable)
    }

    /// As part of the transaction in which the engine notes that it is done.
    public init(
        _ name: String, retry: SagaRetry = .standard,
        inTransaction body: @escaping @Sendable (Input, Transaction, SagaAttempt) throws -> Reply
    ) {
        part = SagaPart(
            name, SagaCode(forwardInTransaction: SagaJSON.run(body)), retry, .seconds(30), role: .retriable)
    }
}

/// Waits for a time, however long: also while no process runs.
public struct Wait<Input: Codable & Sendable>: Sendable {
    let part: SagaPart

    public init(_ name: String, for duration: Duration) {
        part = SagaPart(block: .step(SagaStep(name: name, activity: .timer(duration), role: .query)), code: [])
    }
}

/// Waits for a person's decision: ``SagaRunner/decide(_:step:option:by:)``.
public struct Decision<Input: Codable & Sendable>: Sendable {
    let part: SagaPart

    /// - Parameter otherwise: what holds when nobody decided in time; without it the step fails then, and the saga is undone.
    public init(_ name: String, options: [String], otherwise: String? = nil, within timeout: Duration) {
        let decision = SagaDecision(options: options, otherwise: otherwise)
        part = SagaPart(
            block: .step(SagaStep(name: name, activity: .decision(decision), role: .query, timeout: timeout)), code: [])
    }
}

/// Steps at the same time; they are undone at the same time as well.
public struct Parallel<Input: Codable & Sendable>: Sendable {
    let part: SagaPart

    public init(_ name: String, _ branches: [SagaSteps<Input>]) {
        part = SagaPart(
            block: .parallel(SagaParallel(name: name, branches: branches.map { $0.parts.map(\.block) })),
            code: branches.flatMap { $0.parts.flatMap(\.code) })
    }
}

/// One branch of a ``Parallel``.
public func branch<Input: Codable & Sendable>(
    @SagaBuilder<Input> _ steps: () -> SagaSteps<Input>
) -> SagaSteps<Input> { steps() }

extension SagaPart {
    fileprivate init(
        _ name: String, _ code: SagaCode, _ retry: SagaRetry, _ timeout: Duration, role: SagaRole
    ) {
        let activity = SagaActivity.local(SagaLocal(isTransactional: code.forwardInTransaction != nil))
        let undoing: SagaCompensation? =
            code.undo == nil && code.undoInTransaction == nil
            ? nil
            : SagaCompensation(
                activity: .local(SagaLocal(isTransactional: code.undoInTransaction != nil)), retry: retry,
                timeout: timeout)
        self.init(
            block: .step(
                SagaStep(
                    name: name, activity: activity, role: role, compensation: undoing, retry: retry, timeout: timeout)),
            code: [(name, code)])
    }
}

/// Values of sagas in the journal.
enum SagaJSON {
    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String, _ subject: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw FleetError(.badEvent, "\(subject) is no \(type): \(error)")
        }
    }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    /// - Throws: `SagaBadData` where it cannot be read.
    static func input<Input: Decodable>(_ call: SagaLocalCall) throws -> Input {
        try known(Input.self, call.data, "the input of \(call.id)")
    }

    /// What code needs before it begins.
    private static func known<Value: Decodable>(_ type: Value.Type, _ text: String, _ subject: String) throws -> Value {
        do {
            return try decode(type, text, subject)
        } catch let error as FleetError {
            throw SagaBadData(error.message)
        }
    }

    /// The reply of the step that is to be undone; `nil` where there is none.
    static func ownReply<Reply: Decodable>(_ call: SagaLocalCall) throws -> Reply? {
        try call.replies[call.ticket.step.name].map {
            try known(Reply.self, $0, "the reply of \(call.ticket.step) of \(call.id)")
        }
    }

    static func run<Input: Decodable & Sendable, Reply: Encodable & Sendable>(
        _ body: @escaping @Sendable (Input, SagaAttempt) async throws -> Reply
    ) -> SagaCode.Asynchronous {
        { call in try text(try await body(input(call), SagaAttempt(call))) }
    }

    static func run<Input: Decodable & Sendable, Reply: Encodable & Sendable>(
        _ body: @escaping @Sendable (Input, Transaction, SagaAttempt) throws -> Reply
    ) -> SagaCode.Transactional {
        { call, base, events in
            try text(
                try body(input(call), Transaction(base, events: events, trace: call.traceParent), SagaAttempt(call)))
        }
    }
}

/// The reply of a step that answers nothing.
public struct Done: Codable, Sendable, Hashable {
    public init() {}
}
