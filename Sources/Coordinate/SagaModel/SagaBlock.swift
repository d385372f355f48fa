/// A part of a saga's sequence.
public indirect enum SagaBlock: Sendable, Hashable, Codable {
    case step(SagaStep)
    case parallel(SagaParallel)
    case forEach(SagaForEach)
    case choice(SagaChoice)
    case fail(SagaFail)

    public var name: String {
        switch self {
        case .step(let step): step.name
        case .parallel(let parallel): parallel.name
        case .forEach(let forEach): forEach.name
        case .choice(let choice): choice.name
        case .fail(let fail): fail.name
        }
    }
}

/// Branches that run at the same time, and are undone at the same time. It ends when all of them have ended.
public struct SagaParallel: Sendable, Hashable, Codable {
    public var name: String
    public var branches: [[SagaBlock]]

    public init(name: String, branches: [[SagaBlock]]) {
        self.name = name
        self.branches = branches
    }
}

/// The same steps for each item of an array.
public struct SagaForEach: Sendable, Hashable, Codable {
    /// The largest ``limit``.
    public static let mostItems = 1_000

    public var name: String
    /// The array.
    public var items: SagaReference
    /// An array of more items fails the saga.
    public var limit: Int
    /// How many items are worked on at the same time. With 1 they are done in order, and undone in reverse order.
    public var atOnce: Int
    public var steps: [SagaBlock]

    public init(name: String, items: SagaReference, limit: Int = 100, atOnce: Int = 1, steps: [SagaBlock]) {
        self.name = name
        self.items = items
        self.limit = limit
        self.atOnce = atOnce
        self.steps = steps
    }
}

/// The first case whose condition holds, else what is there otherwise.
public struct SagaChoice: Sendable, Hashable, Codable {
    public struct Case: Sendable, Hashable, Codable {
        public var condition: SagaCondition
        public var steps: [SagaBlock]

        public init(_ condition: SagaCondition, steps: [SagaBlock]) {
            self.condition = condition
            self.steps = steps
        }
    }

    public var name: String
    public var cases: [Case]
    /// May be empty; but it must be said. `nil` is a problem.
    public var otherwise: [SagaBlock]?

    public init(name: String, cases: [Case], otherwise: [SagaBlock]?) {
        self.name = name
        self.cases = cases
        self.otherwise = otherwise
    }
}

/// Ends the saga as failed: what was done is undone. It stands where nothing that cannot be undone was done yet.
public struct SagaFail: Sendable, Hashable, Codable {
    public var name: String
    /// Told as the reason.
    public var error: String

    public init(name: String, error: String) {
        self.name = name
        self.error = error
    }
}
