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

    private static let (ada, bob) = (SagaJournal(owner: "ada"), SagaJournal(owner: "bob"))

    @Test(arguments: engines)
    func aDefinitionKeepsItsVersion(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            let versions = try await store.write { transaction in
                try [2, 3, 2].map { try Self.ada.version(of: Self.definition(attempts: $0), in: transaction) }
            }
            #expect(versions == [1, 2, 1])
            let old = try await store.read {
                try Self.ada.definition(of: SagaName(unchecked: "test"), version: 1, in: $0)
            }
            #expect(old == Self.definition(attempts: 2))
            await #expect(throws: FleetError.self) {
                try await store.read { try Self.ada.definition(of: SagaName(unchecked: "test"), version: 3, in: $0) }
            }
        }
    }

    @Test(arguments: engines)
    func aSagaBeginsOnceAndComesBackAsItWas(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            var machine = try Self.machine("1")
            let state = machine.state
            let begun = try await store.write { transaction in
                try [1, 2].map { _ in
                    try Self.ada.begin(state, version: 1, leaseUntil: Self.time(10), in: transaction)
                }
            }
            #expect(begun[1] == nil)
            var entry = try #require(begun[0])
            _ = machine.handle(.started, at: Self.time(2), jitter: 0)
            entry.state = machine.state
            let written = try await store.write { [entry] in try Self.ada.write([entry], in: $0) }
            #expect(written == [true])
            let read = try await store.read { try Self.ada.entry("1", in: $0) }
            #expect(read?.state == machine.state && read?.revision == 2)
            #expect(try await store.read { try Self.ada.entry("2", in: $0) } == nil)
        }
    }

    @Test(arguments: engines)
    func anExpiredLeaseIsTakenAndItsOwnerFenced(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            let states = try ["1", "2"].map { try Self.machine($0).state }
            let mine = try await store.write { transaction in
                try states.compactMap { try Self.ada.begin($0, version: 1, leaseUntil: Self.time(10), in: transaction) }
            }
            func take(at seconds: Int) async throws -> [SagaEntry] {
                try await store.write {
                    try Self.bob.takeOver(limit: 1, until: Self.time(20), at: Self.time(seconds), in: $0)
                }
            }
            #expect(try await take(at: 9).isEmpty)
            let taken = try await take(at: 10)
            #expect(taken.map(\.state.id) == ["1"] && taken.map(\.epoch) == [2])
            // The first has a new owner; the second has not.
            #expect(try await store.write { try Self.ada.write(mine, in: $0) } == [false, true])
            // What was written stands on an older entry now.
            #expect(try await store.write { try Self.ada.write(mine, in: $0) } == [false, false])
            #expect(try await store.write { try Self.bob.write(taken, in: $0) } == [true])
            #expect(try await store.write { try Self.ada.renew(until: Self.time(30), in: $0) } == 1)
            #expect(try await take(at: 15).isEmpty)
            #expect(try await take(at: 20).map(\.epoch) == [3])
        }
    }

    @Test(arguments: engines)
    func aLockHasOneHolderUntilItsTime(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            func take(_ saga: String, at seconds: Int) async throws -> SagaLockAnswer {
                try await store.write {
                    try Self.ada.takeLock(
                        "order:1", for: saga, until: Self.time(seconds + 10), at: Self.time(seconds), in: $0)
                }
            }
            #expect(try await take("1", at: 0) == .taken(until: Self.time(10)))
            #expect(try await take("1", at: 5) == .taken(until: Self.time(10)))
            #expect(try await take("2", at: 9) == .held(by: "1"))
            #expect(try await take("2", at: 10) == .taken(until: Self.time(20)))
            try await store.write { try Self.ada.releaseLock("order:1", of: "1", in: $0) }
            #expect(try await take("1", at: 11) == .held(by: "2"))
            try await store.write { try Self.ada.releaseLock("order:1", of: "2", in: $0) }
            #expect(try await take("1", at: 11) == .taken(until: Self.time(21)))
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
                let state = machine.state
                _ = try await store.write { try Self.ada.begin(state, version: 1, leaseUntil: Self.time(0), in: $0) }
            }
            let all = try await store.read { try Self.ada.list(limit: 10, in: $0) }
            #expect(all.map(\.id) == ["3", "2", "1"])
            #expect(all.map(\.status) == [.running, .completed, .completed])
            let running = try await store.read { try Self.ada.list(status: .running, limit: 10, in: $0) }
            #expect(running.map(\.id) == ["3"])
            // What has ended has no owner to be taken from.
            let open = try await store.write {
                try Self.bob.takeOver(limit: 9, until: Self.time(9), at: Self.time(5), in: $0)
            }
            #expect(open.map(\.state.id) == ["3"])
            #expect(try await store.write { try Self.ada.prune(endedBefore: Self.time(2), limit: 9, in: $0) } == 1)
            #expect(try await store.read { try Self.ada.list(limit: 10, in: $0) }.map(\.id) == ["3", "2"])
        }
    }

    @Test(arguments: engines)
    func aStateThatCannotBeReadIsTold(_ engine: Engine) async throws {
        try await withStore(engine) { store in
            let state = try Self.machine("1").state
            try await store.write { transaction in
                _ = try Self.ada.begin(state, version: 1, leaseUntil: Self.time(0), in: transaction)
                try transaction.run("UPDATE flotilla_sagas SET state = '{}'")
            }
            let error = await #expect(throws: FleetError.self) {
                try await store.read { try Self.ada.entry("1", in: $0) }
            }
            #expect(error?.code == .corrupt)
        }
    }
}
