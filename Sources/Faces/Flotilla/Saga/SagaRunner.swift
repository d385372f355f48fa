public import FleetCore
import Foundation
public import Logging
public import Metrics
import SagaModel
public import Sagas
public import ServiceLifecycle
import Stores
import Subscriptions
public import Tracing

/// Carries out the sagas of a service, in its own process: the journal is in the service's store.
///
/// Several processes of the service may have one: one of them carries out the sagas, and another takes over within seconds
/// where it ends or hangs.
public final class SagaRunner: Service {
    private let engine: SagaEngine
    private let journal: SagaJournal
    private let stores: SharedStore
    private let names: [String]
    private let progress: FleetCore.Progress
    private let tracer: any Tracer
    private let log: WorkLog
    private let logger: Logger

    /// - Parameters:
    ///   - name: whose sagas those are, where a service has several runners.
    ///   - keep: how long sagas that have ended stay in the journal.
    ///   - lease: how long a process that says nothing keeps the others waiting.
    ///   - logger: where it tells what an operator wants to know: which sagas are parked or undone, what stands in the way.
    ///   - metrics: where it tells what becomes of sagas; the back end that `MetricsSystem` was bootstrapped with by default.
    ///   - tracer: who makes spans: each attempt at a step of a saga that belongs to a trace is one.
    public init<each Input: Codable & Sendable>(
        _ sagas: repeat Saga<each Input>, of store: ServiceStore, name: String = "sagas",
        keep: Duration = .seconds(30 * 86_400), lease: Duration = .seconds(5),
        logger: Logger = Logger(label: "flotilla"), metrics: any MetricsFactory = MetricsSystem.factory,
        tracer: any Tracer = InstrumentationSystem.tracer
    ) throws {
        var definitions: [SagaDefinition] = []
        var code: [SagaName: [String: SagaCode]] = [:]
        for saga in repeat each sagas {
            definitions.append(saga.definition)
            code[saga.definition.name] = saga.code
        }
        names = definitions.map(\.name.text)
        guard Set(names).count == names.count else {
            throw FleetError(.invalidInput, "two sagas have one name", remedy: "rename one")
        }
        let journal = SagaJournal(runner: "\(store.service).\(name)")
        self.journal = journal
        self.tracer = tracer
        let service = try ServiceName(store.service)
        let connector = store.connector
        let stores = SharedStore { try connector.store(of: service) }
        self.stores = stores
        let changes = ChangeSignal()
        let progress = FleetCore.Progress(name: journal.runner, changes: changes)
        self.progress = progress
        var logger = logger
        logger[metadataKey: "runner"] = "\(journal.runner)"
        let told = logger
        self.logger = told
        log = WorkLog(parts: [WorkLog.Part(progress: progress, logger: told)], changes: changes)
        let published = PublishTally<String>(store.events)
        let owner = "process \(ProcessInfo.processInfo.processIdentifier) on \(ProcessInfo.processInfo.hostName)"
        engine = SagaEngine(
            runner: journal.runner, catalog: SagaCatalog(definitions, journal: journal),
            parties: SagaCodeParties(
                code: code, service: store.service, published: published, stores: stores,
                tracing: SagaTracing(tracer: tracer)),
            stores: stores,
            settings: SagaEngine.Settings(
                owner: "\(owner), \(UUID().uuidString.prefix(8))", confirm: nil, lease: lease, keep: keep),
            progress: progress, observer: SagaRunnerMeter(factory: metrics, published: published),
            notify: { SagaRunner.tell($0, told) })
    }

    private static func tell(_ notice: SagaEngine.Notice, _ logger: Logger) {
        switch notice {
        case .started, .ended(_, .completed, _): break
        case .ended(let saga, let outcome, let trace):
            // What the program's own code throws is its own words.
            let text = if case .compensated(.stepFailed) = outcome { "\(outcome)" } else { outcome.withoutData }
            logger.info("\(saga) \(text)", metadata: Logger.Metadata.of(trace, saga: saga))
        case .parked(let saga, let place, let reason, let trace):
            logger.warning(
                "\(saga) is parked at \(place): \(reason)", metadata: Logger.Metadata.of(trace, saga: saga))
        case .stray(let text): logger.warning("\(text)")
        }
    }

    /// What stands in the way; `nil` while all is well.
    public var problem: FleetError? { progress.snapshot.condition?.error }

    /// Makes the tables of the journal in the service's store, where they are not there yet.
    public func setUp() async throws {
        let store = try await stores.store()
        let isThere = try? await store.read { try $0.firstRow("SELECT 1 FROM flotilla_sagas LIMIT 1") }
        if isThere != nil { return }
        do {
            try await store.write { try $0.script(SagaJournalSchema.script) }
        } catch {
            // Another process was faster.
            _ = try await store.read { try $0.firstRow("SELECT 1 FROM flotilla_sagas LIMIT 1") }
        }
    }

    /// Carries out sagas until the task is cancelled or the process shuts down.
    public func run() async throws {
        try await setUp()
        logger.debug("\(journal.runner) begins")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await cancelWhenGracefulShutdown { await self.engine.run() } }
            group.addTask { await cancelWhenGracefulShutdown { await self.log.run() } }
        }
        logger.debug("\(journal.runner) has ended")
    }

    /// Lets go of the store, after the work at hand.
    public func close() async { await stores.close() }

    // MARK: Sagas

    /// Starts a saga.
    /// - Parameters:
    ///   - id: a saga of this id that is there already stays as it is, so that a repeated start does nothing.
    ///   - traceParent: W3C Trace Context, to which the saga belongs; by default the current span's. Text that is none is ignored.
    /// - Returns: the id under which it is found.
    @discardableResult
    public func start<Input>(
        _ saga: Saga<Input>, _ input: Input, id: String? = nil, traceParent: String? = nil
    ) async throws -> String {
        let (full, message) = try start(saga, input, id, traceParent)
        try await post(message)
        return full
    }

    /// Starts a saga if, and only if, a transaction of the service's store commits.
    /// - Parameter traceParent: by default the current span's, and in a consumer's handler else that of the event at hand.
    @discardableResult
    public func start<Input>(
        _ saga: Saga<Input>, _ input: Input, id: String? = nil, traceParent: String? = nil, in transaction: Transaction
    ) throws -> String {
        let (full, message) = try start(saga, input, id, traceParent ?? transaction.trace)
        try journal.post(message, in: transaction.base)
        engine.nudge()
        return full
    }

    private func start<Input>(
        _ saga: Saga<Input>, _ input: Input, _ id: String?, _ traceParent: String?
    ) throws -> (String, SagaMessage) {
        guard names.contains(saga.name) else {
            throw FleetError(
                .invalidInput, "the saga \(saga.name) is none of this runner", remedy: "give it to SagaRunner.init")
        }
        let full = "\(saga.name)/\(id ?? EventID.make().description)"
        let trace = (traceParent ?? TraceParent.current(tracer: tracer)).flatMap { TraceContext($0) }
        return (
            full, .start(saga: saga.name, id: full, data: try SagaJSON.text(input), trace: trace?.description)
        )
    }

    /// Where a saga stands; `nil` where there is none of this id.
    public func status(_ id: String) async throws -> SagaStatus? {
        try await state(id).map { SagaStatus($0) }
    }

    /// Everything that is known of a saga; `nil` where there is none of this id.
    public func state(_ id: String) async throws -> SagaState? {
        let journal = journal
        return try await stores.store().read { try journal.entry(id, in: $0)?.state }
    }

    /// Waits until a saga has ended.
    /// - Throws: `unavailable` (retriable) where it takes longer.
    public func outcome(of id: String, within limit: Duration) async throws -> SagaOutcome {
        var time = WaitingTime(limit)
        while !time.isOver() {
            if let outcome = try await state(id)?.outcome { return outcome }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw FleetError(.unavailable, "the saga \(id) has not ended within \(limit)", isRetriable: true)
    }

    /// Takes a decision that a saga waits for.
    public func decide(_ id: String, step: String, option: String, by: String) async throws {
        try await post(.decide(saga: id, step: SagaStepID(step), option: option, by: by))
    }

    /// Has a saga be undone, where it still can be.
    public func cancel(_ id: String, reason: String) async throws {
        try await post(.cancel(saga: id, reason: reason))
    }

    private func post(_ message: SagaMessage) async throws {
        let journal = journal
        try await stores.store().write { _ = try journal.post(message, in: $0) }
        engine.nudge()
    }
}

/// Code in the place of services.
private struct SagaCodeParties: SagaParties {
    let code: [SagaName: [String: SagaCode]]
    let service: String
    let published: PublishTally<String>
    let stores: SharedStore
    let tracing: SagaTracing

    func sharesJournal(_ service: String) -> Bool { service == self.service }

    func begin() { published.undo() }

    func perform(_ call: SagaLocalCall) async throws -> String {
        let code = try found(call)
        guard let body = call.ticket.direction == .forward ? code.forward : code.undo else { throw missing(call) }
        return try await tracing.withSpan(of: call) { try await body($0) }
    }

    func perform(_ call: SagaLocalCall, in transaction: any StoreTransaction) throws -> String {
        let code = try found(call)
        guard let body = call.ticket.direction == .forward ? code.forwardInTransaction : code.undoInTransaction else {
            throw missing(call)
        }
        return try published.counting("\(call.idempotencyKey)/\(call.ticket.attempt)") { events in
            try tracing.withSpan(of: call) { try body($0, transaction, events) }
        }
    }

    private func found(_ call: SagaLocalCall) throws -> SagaCode {
        guard let code = code[call.saga]?[call.ticket.step.name] else { throw missing(call) }
        return code
    }

    /// A definition of before, with a step that the program has no more: it is tried again, and waits for an operator then.
    private func missing(_ call: SagaLocalCall) -> any Error {
        MissingCode(description: "this program has no code for the step \(call.ticket.step) of \(call.id)")
    }

    private struct MissingCode: Error, CustomStringConvertible {
        let description: String
    }

    // Sagas in code have steps in code alone.

    func statements(of sql: SagaSQL) throws -> [SagaStatement] { throw Self.noParty }
    func write(_ command: SagaOutgoing, in transaction: any StoreTransaction) throws { throw Self.noParty }
    func store(of service: String) async throws -> any Store { try await stores.store() }
    func forgetSteps(before moment: Timestamp) async throws {}
    func discard(_ store: any Store, of service: String) async { await stores.discard(store) }

    func call(_ request: SagaRequest) async -> (answer: SagaAnswer, status: Int?) {
        (.failed(SagaFailure(SagaFailureCode.rejected, Self.noParty.message, effect: .none)), nil)
    }

    private static let noParty = FleetError(.invalidInput, "a saga in code has steps in code alone")
}

extension Logger.Metadata {
    /// Says which saga a line is about, and which place of a trace.
    fileprivate static func of(_ trace: TraceContext?, saga: String) -> Logger.Metadata {
        var metadata = of(trace)
        metadata["saga"] = "\(saga)"
        return metadata
    }
}
