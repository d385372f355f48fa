public import FleetCore
public import SagaModel
public import Stores

/// What an attempt does, with all values in their places.
public enum SagaEffect: Sendable, Hashable {
    case command(SagaOutgoing)
    case http(SagaRequest)
    case sql(SagaStatements)
    case local(SagaLocalCall)
}

/// A call of code of the program that carries sagas out.
public struct SagaLocalCall: Sendable, Hashable {
    public var saga: SagaName
    public var id: String
    public var ticket: SagaTicket
    /// What the saga was started with: a JSON text.
    public var data: String
    /// The replies of steps that are done, and of this one where it is to be undone, as JSON texts.
    public var replies: [String: String]
    /// The item of the nearest for each, as a JSON text.
    public var item: String?
    /// The same for all attempts at a step.
    public var idempotencyKey: String
    public var due: Timestamp
    public var isTransactional: Bool
    /// Its place in a trace; `nil` where the saga belongs to none.
    public var traceParent: String?
}

/// What code throws where it refused a step: it had no effect, and will have none.
public struct SagaRefusal: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ reason: String) { description = reason }
}

/// What is thrown where code could not be called: what the saga knows is not what the code takes. Another attempt would not mend
/// it.
public struct SagaBadData: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// A command event that is to leave by a service's outbox.
public struct SagaOutgoing: Sendable, Hashable {
    public var service: String
    public var type: String
    /// Whose attempt it is: the event's id is made of it, so that it is the same however often it is written.
    public var request: String
    public var key: String
    /// A JSON object. Its member `saga` is what an answer repeats.
    public var payload: String
    /// Its place in a trace; `nil` where the saga belongs to none.
    public var traceParent: String?
}

/// An HTTP request.
public struct SagaRequest: Sendable, Hashable {
    public var method: SagaHTTPCall.Method
    public var url: String
    /// A JSON text; `nil` for requests without a body.
    public var body: String?
    /// The same for all attempts at a step.
    public var idempotencyKey: String
    public var attempt: Int
    public var due: Timestamp
    /// Its place in a trace; `nil` where the saga belongs to none.
    public var traceParent: String?
}

/// Statements for one transaction of a service's store.
public struct SagaStatements: Sendable, Hashable {
    public struct Statement: Sendable, Hashable {
        public var sql: String
        public var parameters: [SQLValue]
    }

    public var service: String
    public var statements: [Statement]
    /// Whether it is a refusal where the last of them returns no row.
    public var expectsRow: Bool
    /// The same for a step and its compensation.
    public var step: String
    public var direction: SagaDirection
    /// Whether a refusal is the last word, and it must be found out what became of attempts before.
    public var settlesRefusal: Bool
}

/// What became of an attempt.
public enum SagaAnswer: Sendable, Hashable {
    /// It is done. The reply is a JSON text.
    case replied(String)
    case failed(SagaFailure)

    func input(_ ticket: SagaTicket) -> SagaInput {
        switch self {
        case .replied(let reply): .replied(ticket, reply: reply)
        case .failed(let failure): .failed(ticket, failure)
        }
    }
}

/// An attempt that somebody has to carry out outside of the journal's transactions.
public struct SagaOrder: Sendable, Hashable {
    public var saga: String
    public var ticket: SagaTicket
    public var effect: SagaEffect
}

/// One statement of a step, compiled: what to prepare, and where the values of `$1`, `$2`, … come from.
public struct SagaStatement: Sendable, Hashable {
    public var sql: String
    public var parameters: [SagaReference]

    public init(sql: String, parameters: [SagaReference]) {
        self.sql = sql
        self.parameters = parameters
    }
}

/// What sagas act on. Whoever runs an engine says what that is.
public protocol SagaParties: Sendable {
    /// Whether a service's tables can be written to in the journal's transactions.
    func sharesJournal(_ service: String) -> Bool

    /// - Throws: `invalidInput` where the statements cannot be read, or there is no such service.
    func statements(of sql: SagaSQL) throws -> [SagaStatement]

    /// Writes a command to its service's outbox, in a transaction of its store.
    func write(_ command: SagaOutgoing, in transaction: any StoreTransaction) throws

    /// The store of a service.
    func store(of service: String) async throws -> any Store
    /// Closes a store that has failed, so that it is opened anew.
    func discard(_ store: any Store, of service: String) async

    /// Whether somebody makes spans of steps: what they send names its step then, and else what the saga was started with.
    var isTraced: Bool { get }

    /// - Returns: what became of it, and the status of the answer; `nil` where none came.
    func call(_ request: SagaRequest) async -> (answer: SagaAnswer, status: Int?)

    /// Lets stores forget steps of sagas that nobody will ask for again.
    func forgetSteps(before moment: Timestamp) async throws

    /// Runs code of the program.
    /// - Returns: its reply, a JSON text.
    /// - Throws: ``SagaRefusal``, or anything else where nobody knows what became of it.
    func perform(_ call: SagaLocalCall) async throws -> String

    /// A transaction of the journal begins, or begins anew: what was run in the one before, and not observed since, was undone.
    func begin()

    /// Runs code of the program in the journal's transaction.
    /// - Throws: ``SagaRefusal``, or anything else; what it wrote is undone.
    func perform(_ call: SagaLocalCall, in transaction: any StoreTransaction) throws -> String
}

extension SagaParties {
    public var isTraced: Bool { false }
    public func begin() {}
}
