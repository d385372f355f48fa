import FleetCore
import SagaModel
import Stores

/// Attempts that are carried out after the journal has them.
extension SagaEngine {
    func carryOut(_ orders: [SagaOrder]) async {
        guard let first = orders.first else { return }
        switch first.effect {
        case .command(let command): await send(orders, of: command.service)
        case .http(let request):
            let (answer, status) = await parties.call(request)
            if !Task.isCancelled { inbox.put(first.saga, answer.input(first.ticket), status: status) }
        case .sql(let statements):
            let answer = await run(statements)
            if !Task.isCancelled { inbox.put(first.saga, answer.input(first.ticket)) }
        case .local(let call):
            let answer = await perform(call)
            if !Task.isCancelled { inbox.put(first.saga, answer.input(first.ticket)) }
        }
    }

    private func perform(_ call: SagaLocalCall) async -> SagaAnswer {
        do {
            return .replied(try await parties.perform(call))
        } catch let refusal as SagaRefusal {
            return .failed(SagaFailure(SagaFailureCode.rejected, refusal.description, effect: .none))
        } catch let failure as SagaBadData {
            return .failed(SagaFailure(SagaFailureCode.badData, failure.description, effect: .none))
        } catch {
            return .failed(SagaFailure("error", "\(error)", effect: .unknown))
        }
    }

    /// Writes commands to their service's outbox, as often as it takes: the attempts' own time-outs do not depend on it.
    private func send(_ orders: [SagaOrder], of service: String) async {
        let commands = orders.compactMap { order in
            if case .command(let command) = order.effect { command } else { nil }
        }
        var failures = 0
        while !Task.isCancelled {
            do {
                let parties = parties
                try await transaction(of: service) { transaction in
                    for command in commands { try parties.write(command, in: transaction) }
                }
                inbox.put(sent: orders.map { ($0.saga, $0.ticket) })
                return
            } catch {
                guard !Task.isCancelled else { return }
                failures += 1
                progress.fail(FleetError.wrapping(error))
                var random = SystemRandomNumberGenerator()
                try? await clock.sleep(backoff.delay(afterFailures: failures, using: &random))
            }
        }
    }

    private func run(_ statements: SagaStatements) async -> SagaAnswer {
        let now = clock.now()
        do {
            return try await transaction(of: statements.service) { transaction in
                try SagaBarrier.perform(statements, at: now, in: transaction)
            }
        } catch {
            if let failure = SagaTransactions.failure(error) {
                return statements.settlesRefusal ? await settle(statements, failure) : .failed(failure)
            }
            let error = FleetError.wrapping(error)
            // Whoever did not get the lock has done nothing.
            return .failed(
                SagaFailure(error.code.description, error.message, effect: error.code == .busy ? .none : .unknown))
        }
    }

    /// Finds out what became of earlier attempts at a step that was refused, by keeping them from happening from now on.
    private func settle(_ statements: SagaStatements, _ failure: SagaFailure) async -> SagaAnswer {
        let now = clock.now()
        do {
            return try await transaction(of: statements.service) { transaction in
                try SagaBarrier.settle(statements, failure, at: now, in: transaction)
            }
        } catch {
            let error = FleetError.wrapping(error)
            return .failed(SagaFailure(error.code.description, error.message, effect: .unknown))
        }
    }

    private func transaction<Result: Sendable>(
        of service: String, _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result {
        let store = try await parties.store(of: service)
        do {
            return try await store.write(body)
        } catch let error as FleetError where error.code != .statement && error.code != .busy {
            await parties.discard(store, of: service)
            throw error
        }
    }
}
