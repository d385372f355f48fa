/// What is there of the sagas that move money, once the fleet has come to rest.
public struct SagaObservations: Sendable {
    /// The transfers that their service's own store knows to be asked for.
    public var asked: Set<String> = []
    public var sagas: [SagaRecord] = []
    public var moves: [Move] = []
    public var accounts: [Money] = []

    public init() {}

    public var isEmpty: Bool { asked.isEmpty && sagas.isEmpty && moves.isEmpty }
}

/// A saga as the journal has it.
public struct SagaRecord: Sendable, Hashable {
    public var transfer: String
    /// `completed`, `compensated`, `parked` …
    public var status: String
    /// Why it is parked, or was undone.
    public var reason: String

    public init(transfer: String, status: String, reason: String = "") {
        self.transfer = transfer
        self.status = status
        self.reason = reason
    }
}

/// One effect of a saga on a service's accounts: a row that was written in the same transaction.
public struct Move: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case withdraw, redeposit, hold, release, deposit

        /// What it undoes.
        public var undoes: Kind? {
            switch self {
            case .redeposit: .withdraw
            case .release: .hold
            case .withdraw, .hold, .deposit: nil
            }
        }

        /// The service that keeps the account.
        public var service: String {
            switch self {
            case .withdraw, .redeposit: "payer"
            case .hold, .release: "keeper"
            case .deposit: "payee"
            }
        }

        /// What the service's money grows by: what is withdrawn is held in part, and the rest is deposited.
        public var amount: Int {
            switch self {
            case .withdraw: -7
            case .redeposit: 7
            case .hold: 2
            case .release: -2
            case .deposit: 5
            }
        }
    }

    /// The order of moves, of all services together.
    public var number: Int
    public var transfer: String
    public var kind: Kind

    public init(number: Int, transfer: String, kind: Kind) {
        self.number = number
        self.transfer = transfer
        self.kind = kind
    }
}

/// The money of all accounts of a service: in the beginning, and in the end.
public struct Money: Sendable, Hashable {
    public var service: String
    public var before: Int
    public var after: Int

    public init(service: String, before: Int, after: Int) {
        self.service = service
        self.before = before
        self.after = after
    }
}
