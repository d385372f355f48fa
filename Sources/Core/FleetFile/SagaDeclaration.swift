public import FleetCore
public import SagaModel

/// A saga as a fleet file declares it.
public struct SagaDeclaration: Sendable {
    /// Statements of a step, with their place in the file.
    public struct Statements: Sendable {
        public var service: ServiceName
        public var text: SourceText
    }

    public var definition: SagaDefinition
    /// The service in whose store the journal is; `nil` for the fleet's own state.
    public var journal: ServiceName?
    /// How long it stays in the journal after its end. 30 days by default.
    public var keep: Duration
    public var statements: [Statements]

    public init(
        definition: SagaDefinition, journal: ServiceName? = nil, keep: Duration = .seconds(30 * 86_400),
        statements: [Statements] = []
    ) {
        self.definition = definition
        self.journal = journal
        self.keep = keep
        self.statements = statements
    }
}
