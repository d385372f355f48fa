import FleetCore
import SQLiteConnection
import SQLiteStore
import SagaModel
import Sagas
import Stores
import TestKit
import Testing

#if Postgres
    import PostgresConnection
    import PostgresStore
#endif

/// The journal, on each store that can hold it.
@Suite struct SagaJournalTests {
    enum Engine: String, CaseIterable, Sendable { case sqlite, postgres }

    #if Postgres
        static let engines = Engine.allCases
    #else
        static let engines = [Engine.sqlite]
    #endif

    /// Runs a test on an empty journal.
    private func withStore(_ engine: Engine, _ body: (any Store) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let store: any Store
        switch engine {
        case .sqlite:
            let path = directory.file("state.db")
            try SQLiteConnection(path: path, mode: .create).close()
            store = try SQLiteStore(path: path)
        case .postgres:
            #if Postgres
                let server = try await PrivatePostgres.shared()
                let database = try await server.makeDatabase()
                store = PostgresStore(PostgresAddress(url: server.url(database), name: database, schema: nil))
            #else
                return
            #endif
        }
        try await store.write { try $0.script(SagaJournalSchema.script) }
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private static func time(_ seconds: Int) -> Timestamp { Timestamp(microseconds: Int64(seconds) * 1_000_000) }

    private static func definition(attempts: Int = 2) -> SagaDefinition {
        let retry = SagaRetry(attempts: attempts, initial: .seconds(1), cap: .seconds(1))
        let activity = SagaActivity.sql(SagaSQL(service: "s", statements: "SELECT 1"))
        let step = SagaStep(name: "a", activity: activity, role: .retriable, retry: retry)
        return SagaDefinition(name: SagaName(unchecked: "test"), deadline: .seconds(60), steps: [.step(step)])
    }

    private static func machine(_ id: String, startedAt seconds: Int = 1) throws -> SagaMachine {
        try SagaMachine(definition(), id: id, data: "{}", at: time(seconds))
    }

    private static let journal = SagaJournal(runner: "test")

    @Test(arguments: engines)
    func aDefinitionKeepsItsVersion(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            let versions = try await store.write { transaction in
                try [2, 3, 2].map { try Self.journal.version(of: Self.definition(attempts: $0), in: transaction) }
            }
            #expect(versions == [1, 2, 1])
            let old = try await store.read {
                try Self.journal.definition(of: SagaName(unchecked: "test"), version: 1, in: $0)
            }
            #expect(old == Self.definition(attempts: 2))
            await #expect(throws: FleetError.self) {
                try await store.read {
                    try Self.journal.definition(of: SagaName(unchecked: "test"), version: 3, in: $0)
                }
            }
        }
    }

    @Test(arguments: engines)
    func aSagaBeginsOnceAndComesBackAsItWas(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            var machine = try Self.machine("1")
            var entry = SagaEntry(state: machine.state, version: 1)
            func write(_ entry: SagaEntry) async throws -> Bool {
                try await store.write { try Self.journal.write([entry], in: $0) } == [true]
            }
            #expect(try await write(entry))
            #expect(try await !write(entry))
            _ = machine.handle(.started, at: Self.time(2), jitter: 0)
            let ticket = SagaTicket(SagaStepID("a"), .forward, attempt: 1)
            entry = SagaEntry(state: machine.state, version: 1, revision: 1, orders: [ticket])
            #expect(try await write(entry))
            // What was written stands on an older entry now.
            #expect(try await !write(entry))
            let read = try await store.read { try Self.journal.entry("1", in: $0) }
            #expect(read?.state == machine.state && read?.revision == 2 && read?.orders == [ticket])
            #expect(try await store.read { try Self.journal.entry("2", in: $0) } == nil)
            #expect(try await store.read { try Self.journal.withOrders(after: "", limit: 9, in: $0) } == ["1"])
            let due = machine.state.wakeAt
            #expect(due != nil)
            #expect(try await store.read { try Self.journal.nextDue(in: $0) } == due)
            #expect(try await store.read { try Self.journal.due(at: Self.time(2), limit: 9, in: $0) } == [])
            #expect(try await store.read { try Self.journal.due(at: Self.time(99), limit: 9, in: $0) } == ["1"])
        }
    }

    @Test(arguments: engines)
    func aRunnerHasOneOwnerAndTheOneBeforeIsFenced(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            func take(_ owner: String, at seconds: Int, isForced: Bool = false) async throws -> SagaHold {
                try await store.write {
                    try Self.journal.take(
                        as: owner, until: Self.time(seconds + 10), isForced: isForced, at: Self.time(seconds), in: $0)
                }
            }
            let first = try await take("ada", at: 0)
            let refusal = await #expect(throws: FleetError.self) { _ = try await take("bob", at: 9) }
            #expect(refusal?.code == .busy && refusal?.isRetriable == true && refusal?.message.contains("ada") == true)
            try await store.write { try Self.journal.confirm(first, until: Self.time(12), in: $0) }
            await #expect(throws: FleetError.self) { _ = try await take("bob", at: 11) }
            let second = try await take("bob", at: 12)
            #expect(second.epoch > first.epoch)
            let fenced = await #expect(throws: FleetError.self) {
                try await store.write { try Self.journal.confirm(first, in: $0) }
            }
            #expect(fenced?.code == .fenced)
            try await store.write { try Self.journal.confirm(second, in: $0) }
            // Whoever lets go is not waited for; whoever was told that nobody else may be there waits for nobody.
            try await store.write { try Self.journal.release(second, in: $0) }
            #expect(try await store.read { try Self.journal.owner(at: Self.time(13), in: $0) } == nil)
            let third = try await take("ada", at: 13)
            let forced = try await take("bob", at: 14, isForced: true)
            #expect(forced.epoch > third.epoch)
        }
    }

    @Test(arguments: engines)
    func aLockHasOneHolderUntilItsTime(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            func take(_ saga: String, at seconds: Int) async throws -> SagaLockAnswer {
                try await store.write {
                    try Self.journal.takeLock(
                        "order:1", for: saga, until: Self.time(seconds + 10), at: Self.time(seconds), in: $0)
                }
            }
            func release(_ saga: String) async throws {
                try await store.write { try Self.journal.releaseLock("order:1", of: saga, in: $0) }
            }
            #expect(try await take("1", at: 0) == .taken(until: Self.time(10)))
            #expect(try await take("1", at: 5) == .taken(until: Self.time(10)))
            #expect(try await take("2", at: 9) == .held(by: "1", until: Self.time(10)))
            #expect(try await take("2", at: 10) == .taken(until: Self.time(20)))
            try await release("1")
            #expect(try await take("1", at: 11) == .held(by: "2", until: Self.time(20)))
            try await release("2")
            #expect(try await take("1", at: 11) == .taken(until: Self.time(21)))
        }
    }

    @Test(arguments: engines)
    func messagesStayInOrderUntilTheyAreTaken(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            let sagas = (1...300).map { "saga \($0)" }
            try await store.write { transaction in
                for saga in sagas { try Self.journal.post(.cancel(saga: saga, reason: "why"), in: transaction) }
                try SagaJournal(runner: "another").post(.cancel(saga: "x", reason: "why"), in: transaction)
            }
            let all = try await store.read { try Self.journal.messages(limit: 1_000, in: $0) }
            #expect(all.count == 300)
            for (saga, message) in zip(sagas, all) { #expect(message.message.contains("\"\(saga)\"")) }
            let first = all.prefix(299).map(\.id)
            try await store.write { try Self.journal.removeMessages(first, in: $0) }
            let rest = try await store.read { try Self.journal.messages(limit: 1_000, in: $0) }
            #expect(rest.map(\.id) == all.suffix(1).map(\.id))
        }
    }

    @Test(arguments: engines)
    func whatEndedIsListedAndPruned(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            for (index, id) in ["1", "2", "3"].enumerated() {
                var machine = try Self.machine(id, startedAt: index)
                _ = machine.handle(.started, at: Self.time(index), jitter: 0)
                let ticket = SagaTicket(SagaStepID("a"), .forward, attempt: 1)
                if id != "3" { _ = machine.handle(.replied(ticket, reply: "{}"), at: Self.time(index + 1), jitter: 0) }
                let entry = SagaEntry(state: machine.state, version: 1)
                _ = try await store.write { try Self.journal.write([entry], in: $0) }
            }
            let all = try await store.read { try Self.journal.list(limit: 10, in: $0) }
            #expect(all.map(\.id) == ["3", "2", "1"])
            #expect(all.map(\.status) == [.running, .completed, .completed])
            let running = try await store.read { try Self.journal.list(status: .running, limit: 10, in: $0) }
            #expect(running.map(\.id) == ["3"])
            let counts = try await store.read { try Self.journal.counts(in: $0) }
            #expect(counts == ["test": [.completed: 2, .running: 1]])
            let pruned = try await store.write {
                try Self.journal.prune(endedBefore: Self.time(2), eventsBefore: Self.time(2), limit: 9, in: $0)
            }
            #expect(pruned == 1)
            #expect(try await store.read { try Self.journal.list(limit: 10, in: $0) }.map(\.id) == ["3", "2"])
        }
    }

    @Test(arguments: engines)
    func aStateThatCannotBeReadIsTold(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            let entry = SagaEntry(state: try Self.machine("1").state, version: 1)
            try await store.write { transaction in
                _ = try Self.journal.write([entry], in: transaction)
                try transaction.run("UPDATE flotilla_sagas SET state = '{}'")
            }
            let error = await #expect(throws: FleetError.self) {
                try await store.read { try Self.journal.entry("1", in: $0) }
            }
            #expect(error?.code == .corrupt)
        }
    }
}
