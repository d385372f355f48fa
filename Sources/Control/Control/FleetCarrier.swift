import FleetCore
public import FleetFile
public import Logging
import SagaModel
public import ServiceLifecycle
import Stores
import Synchronization

/// Carries a fleet for as long as it holds it, and where several processes may, waits for its turn.
public struct FleetCarrier: Sendable {
    /// How carrying ended.
    public struct Outcome: Sendable {
        /// Whether it ended because nothing was pending.
        public var isDrained = false
        /// Events that were carried into the broker.
        public var events = 0
    }

    private let fleet: FleetDefinition
    private let options: FleetRun.Options
    /// Whose lines are exported as well, where the fleet file asks for it.
    public let logger: Logger
    private let state: any FleetState
    private let signals = EndSignals()
    private let telemetry: FleetTelemetry?

    public init(_ fleet: FleetDefinition, options: FleetRun.Options = FleetRun.Options(), logger: Logger) {
        self.fleet = fleet
        self.options = options
        let telemetry = FleetTelemetry(
            fleet, showsTraces: fleet.page != nil, version: options.version, logger: logger)
        self.telemetry = telemetry
        self.logger = telemetry?.logger(beside: logger) ?? logger
        state = Connectors.state(of: fleet)
    }

    /// Carries until the process is told to end (SIGINT, SIGTERM), or, with ``FleetRun/Options/untilIdle``, until nothing
    /// is pending.
    /// - Parameter companions: further services that live as long as a run.
    /// - Throws: `notApplied`; `busy` where another process holds the fleet and is not waited for; what the stores throw.
    public func carry(with companions: @escaping @Sendable (FleetRun) -> [any Service]) async throws -> Outcome {
        guard let telemetry else { return try await carryMeasured(with: companions) }
        return try await telemetry.telling { try await carryMeasured(with: companions) }
    }

    private func carryMeasured(
        with companions: @escaping @Sendable (FleetRun) -> [any Service]
    ) async throws -> Outcome {
        var measured: FleetSignals?
        do {
            measured = try await serve(telemetry)
            let outcome = try await signals.listen { [measured] in
                try await carryByTurns(measured: measured, with: companions)
            }
            await measured?.close()
            await state.close()
            return outcome
        } catch {
            await measured?.close()
            await state.close()
            let isCancelled = error is CancellationError || (error as? FleetError)?.code == .cancelled
            if signals.isTold, isCancelled { return Outcome() }
            throw error
        }
    }

    /// - Throws: who carries the fleet already, where nobody can listen because it does.
    private func serve(_ telemetry: FleetTelemetry?) async throws -> FleetSignals? {
        do {
            return try await FleetSignals.serving(
                fleet, version: options.version, telemetry: telemetry, logger: logger)
        } catch let error as FleetError {
            guard let holder = try? await state.holder() else { throw error }
            // A second one of this machine could not carry it, wherever it listened.
            if state is DirectoryState { throw FleetLock.refusal(of: fleet.state.directory, heldBy: holder) }
            throw FleetError(
                error.code,
                "fleet \(fleet.name) is carried by \(holder), and its signals cannot be served: \(error.message)",
                remedy: error.remedy)
        }
    }

    private func carryByTurns(
        measured: FleetSignals?, with companions: @escaping @Sendable (FleetRun) -> [any Service]
    ) async throws -> Outcome {
        try await FleetSetup.requireApplied(fleet)
        for undeclared in await fleet.undeclaredSagas() { logger.warning("\(undeclared)") }
        var outcome = Outcome()
        var isFirst = true
        while let turn = try await takeTurn(measured, isFirst: isFirst) {
            isFirst = false
            let run: FleetRun
            do {
                run = try FleetRun(
                    fleet, hold: turn.hold, state: state, flow: turn.flow, sagasInUse: turn.sagasInUse,
                    options: options,
                    signals: measured, tracing: telemetry?.tracing, logger: logger)
            } catch {
                await turn.hold.release()
                throw error
            }
            func count() {
                outcome.events += run.work.filter { $0.kind == .relay }.map(\.progress.snapshot.count).reduce(0, +)
            }
            do {
                outcome.isDrained = try await run.run(with: companions(run), until: signals)
                count()
                return outcome
            } catch let error as FleetError where error.code == .fenced && !options.untilIdle {
                count()
                logger.warning("no longer carrying fleet \(fleet.name): \(error)")
            }
        }
        return outcome
    }

    /// - Parameter isFirst: whether nothing was carried yet: then a state that refuses who asks ends the process, and may be
    ///   mended at once. Later that is waited for.
    /// - Returns: `nil` where the process is told to end before.
    private func takeTurn(_ measured: FleetSignals?, isFirst: Bool) async throws -> Turn? {
        let tell = { @Sendable [logger, fleet] (error: FleetError) in
            logger.info("waiting for fleet \(fleet.name): \(error.message)")
            measured?.wait(because: error.description)
        }
        do {
            return try await Turn.take(fleet, in: state)
        } catch let error as FleetError
            where (error.isRetriable || !isFirst && error.code == .denied) && !options.untilIdle
        {
            tell(error)
            let standby = Standby(fleet: fleet, state: state, health: measured?.health, after: error, tell: tell)
            try await signals.run([], until: standby)
            if standby.taken != nil { logger.info("taking over fleet \(fleet.name)") }
            return standby.taken
        }
    }
}

/// The right to carry a fleet, with what has to be known before.
private struct Turn {
    let hold: any FleetHold
    let flow: [FlowEntry]
    let sagasInUse: [String: [SagaDefinition]]

    static func take(_ fleet: FleetDefinition, in state: any FleetState) async throws -> Turn {
        let hold = try await state.hold()
        do {
            return Turn(hold: hold, flow: try await state.flow(), sagasInUse: try await fleet.sagasInUse())
        } catch {
            await hold.release()
            throw error
        }
    }
}

/// Waits until it is a fleet's turn.
private final class Standby: Service {
    private let fleet: FleetDefinition
    private let state: any FleetState
    private let health: FleetHealth?
    private let obstacle: Mutex<String>
    private let tell: @Sendable (FleetError) -> Void
    private let turn = Mutex<Turn?>(nil)

    /// How often it looks.
    private static let interval = Duration.milliseconds(400)
    /// A server that refuses who asks is asked less and less often: some lock out who knocks too much.
    private static let refusedBackoff = Backoff(initial: .milliseconds(800), cap: .seconds(10))

    /// - Parameters:
    ///   - obstacle: what is waited for, and was told.
    ///   - tell: is told what else is waited for.
    init(
        fleet: FleetDefinition, state: any FleetState, health: FleetHealth?, after obstacle: FleetError,
        tell: @escaping @Sendable (FleetError) -> Void
    ) {
        self.fleet = fleet
        self.state = state
        self.health = health
        self.obstacle = Mutex(obstacle.message)
        self.tell = tell
    }

    var taken: Turn? { turn.withLock { $0 } }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let health = self.health {
                    group.addTask { await health.beatRepeatedly() }
                }
                group.addTask { try await self.waitForTurn() }
                // Who beats does not end before.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func waitForTurn() async throws {
        var random = SystemRandomNumberGenerator()
        var refusals = 0
        while !Task.isCancelled {
            do {
                let taken = try await Turn.take(self.fleet, in: self.state)
                self.turn.withLock { $0 = taken }
                return
            } catch let error as FleetError where error.isRetriable || error.code == .denied {
                refusals = error.code == .denied ? refusals + 1 : 0
                let isNew = self.obstacle.withLock { obstacle in
                    defer { obstacle = error.message }
                    return obstacle != error.message
                }
                if isNew { self.tell(error) }
                try? await Task.sleep(
                    for: refusals == 0
                        ? Self.interval
                        : Self.refusedBackoff.delay(afterFailures: refusals, using: &random))
            } catch  where Task.isCancelled {
                return
            }
        }
    }
}
