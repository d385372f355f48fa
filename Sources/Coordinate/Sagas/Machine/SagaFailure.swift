import SagaModel

/// Why an attempt failed.
public struct SagaFailure: Sendable, Hashable, Codable, CustomStringConvertible {
    /// What is known of the effect.
    public enum Effect: String, Sendable, Hashable, Codable {
        /// It did not happen, and will not.
        case none
        /// The same of this attempt and of all before it.
        case never
        /// It may have happened, or may happen yet.
        case unknown
    }

    /// By which retries are declared.
    public var code: String
    public var message: String
    public var effect: Effect

    public init(_ code: String, _ message: String, effect: Effect) {
        self.code = code
        self.message = message
        self.effect = effect
    }

    /// Whether somebody has answered: not where the engine itself gave up waiting.
    var isAnswer: Bool { code != SagaFailureCode.timeout && code != SagaFailureCode.unknownOutcome }

    static let timeout = SagaFailure(SagaFailureCode.timeout, "no answer in time", effect: .unknown)

    public var description: String { message.isEmpty ? code : "\(code): \(message)" }
}

/// Why a saga is undone.
public enum SagaStop: Sendable, Hashable, Codable, CustomStringConvertible {
    case stepFailed(SagaStepID, SagaFailure)
    /// The saga's own `fail`.
    case failed(SagaStepID, error: String)
    case badData(SagaStepID, message: String)
    case cancelled(reason: String)
    case deadline
    case lockLost(key: String)
    case lockConflict(key: String, holder: String)

    public var description: String {
        switch self {
        case .stepFailed(let step, let failure): "\(step) failed: \(failure)"
        case .failed(let step, let error): "\(step): \(error)"
        case .badData(let step, let message): "\(step): \(message)"
        case .cancelled(let reason): "cancelled: \(reason)"
        case .deadline: "the deadline passed"
        case .lockLost(let key): "the lock of \(key) was lost"
        case .lockConflict(let key, let holder): "\(key) is locked by \(holder)"
        }
    }

    /// What may be told where nobody's data belong, as in a log: no key of a lock, and nothing that a service or a store has said.
    var withoutData: String {
        switch self {
        case .stepFailed(let step, let failure): "\(step) failed: \(failure.code)"
        case .failed(let step, let error): "\(step): \(error)"
        case .badData(let step, _): "\(step) needs what the saga does not know"
        case .cancelled: "cancelled"
        case .deadline: "the deadline passed"
        case .lockLost: "its lock was lost"
        case .lockConflict(_, let holder): "its lock is held by \(holder)"
        }
    }
}

/// How a saga ended.
public enum SagaOutcome: Sendable, Hashable, Codable, CustomStringConvertible {
    case completed
    /// Everything that was done, or may have been, is undone; or an operator said of a step that it need not be.
    case compensated(SagaStop)
    /// It never began.
    case rejected(key: String, holder: String)

    public var description: String {
        switch self {
        case .completed: "completed"
        case .compensated(let stop): "compensated: \(stop)"
        case .rejected(let key, let holder): "rejected: \(key) is locked by \(holder)"
        }
    }

    /// What may be told where nobody's data belong, as in a log.
    public var withoutData: String {
        switch self {
        case .completed: "completed"
        case .compensated(let stop): "compensated: \(stop.withoutData)"
        case .rejected(_, let holder): "rejected: its lock is held by \(holder)"
        }
    }
}
