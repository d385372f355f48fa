import FleetCore
public import SagaModel
import Stores
import Synchronization

/// The definitions that an engine knows: those that are declared, and older ones by which sagas in the journal end.
public final class SagaCatalog: Sendable {
    public let declared: [SagaDefinition]
    private let journal: SagaJournal
    private let starts: [SagaEventName: [SagaDefinition]]
    private let answers: Set<SagaEventName>
    private let state = Mutex(State())

    private struct State {
        var versions: [SagaName: Int64] = [:]
        var known: [VersionedName: SagaDefinition] = [:]
        /// The fields by which events are told apart that some saga waits for.
        var awaited: [SagaEventName: Set<String>] = [:]
    }

    private struct VersionedName: Hashable {
        var name: SagaName
        var version: Int64
    }

    public init(_ declared: [SagaDefinition], journal: SagaJournal) {
        self.declared = declared
        self.journal = journal
        var starts: [SagaEventName: [SagaDefinition]] = [:]
        for definition in declared {
            if let start = definition.start { starts[start, default: []].append(definition) }
        }
        self.starts = starts
        answers = declared.reduce(into: []) { $0.formUnion($1.answers) }
        state.withLock { state in for definition in declared { Self.note(definition, &state.awaited) } }
    }

    /// Writes the declared definitions to the journal where they are new, and learns those of sagas that have not ended.
    func load(in transaction: any StoreTransaction) throws {
        let versions = try declared.map { ($0, try journal.version(of: $0, in: transaction)) }
        let inUse = try journal.definitionsInUse(in: transaction)
        state.withLock { state in
            for (definition, version) in versions {
                state.versions[definition.name] = version
                state.known[VersionedName(name: definition.name, version: version)] = definition
            }
            for definition in inUse { Self.note(definition, &state.awaited) }
        }
    }

    func started(by event: SagaEventName) -> [SagaDefinition] { starts[event] ?? [] }

    /// Whether an event answers commands.
    func isAnswer(_ event: SagaEventName) -> Bool { answers.contains(event) }

    func declared(named name: String) -> SagaDefinition? { declared.first { $0.name.text == name } }

    func fields(of event: SagaEventName) -> Set<String> { state.withLock { $0.awaited[event] ?? [] } }

    func version(of definition: SagaDefinition) throws -> Int64 {
        guard let version = state.withLock({ $0.versions[definition.name] }) else {
            throw FleetError(.bug, "the definition of \(definition.name) was not loaded")
        }
        return version
    }

    func definition(
        of name: SagaName, version: Int64, in transaction: any StoreTransaction
    ) throws -> SagaDefinition {
        let key = VersionedName(name: name, version: version)
        if let known = state.withLock({ $0.known[key] }) { return known }
        let read = try journal.definition(of: name, version: version, in: transaction)
        state.withLock { $0.known[key] = read }
        return read
    }

    private static func note(_ definition: SagaDefinition, _ awaited: inout [SagaEventName: Set<String>]) {
        for (_, event) in SagaMap(definition).eventSteps { awaited[event.event, default: []].insert(event.field) }
    }
}

extension SagaDefinition {
    /// All events that have to be read for its sagas: their start, answers to their commands, and what they wait for.
    public var events: Set<SagaEventName> {
        let awaited = allSteps.compactMap { step in
            if case .event(let event) = step.activity { event.event } else { nil }
        }
        return answers.union(awaited).union([start].compactMap(\.self))
    }

    /// The events that answer its commands.
    var answers: Set<SagaEventName> {
        var answers: Set<SagaEventName> = []
        for step in allSteps {
            for case .command(let command)? in [step.activity, step.compensation?.activity] {
                answers.insert(command.reply)
                answers.formUnion(command.failures)
            }
        }
        return answers
    }

    /// All steps, in the order in which they stand there.
    public var allSteps: [SagaStep] {
        func steps(_ blocks: [SagaBlock]) -> [SagaStep] {
            blocks.flatMap { block -> [SagaStep] in
                switch block {
                case .step(let step): [step]
                case .parallel(let parallel): parallel.branches.flatMap(steps)
                case .forEach(let forEach): steps(forEach.steps)
                case .choice(let choice): choice.cases.flatMap { steps($0.steps) } + steps(choice.otherwise ?? [])
                case .fail: []
                }
            }
        }
        return steps(self.steps)
    }
}
