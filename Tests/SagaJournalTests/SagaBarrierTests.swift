import FleetCore
import SQLiteConnection
import SQLiteStore
import SagaModel
import Stores
import TestKit
import Testing

@testable import Sagas

/// Steps in a store that the journal is not in.
@Suite struct SagaBarrierTests {
    private static let now = Timestamp(microseconds: 1_000_000)
    private static let refusal = SagaFailure(SagaFailureCode.rejected, "no row", effect: .none)

    private func withStore(_ body: (any Store) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("service.db")
        try SQLiteConnection(path: path, mode: .create).close()
        let store = try SQLiteStore(path: path)
        try await store.write { transaction in
            for script in SagaBarrier.migrations { try transaction.script(script) }
            try transaction.script("CREATE TABLE done (n INTEGER NOT NULL)")
        }
        try await body(store)
        await store.close()
    }

    private static func statements(_ direction: SagaDirection = .forward, sql: String? = nil) -> SagaStatements {
        SagaStatements(
            service: "s", statements: [.init(sql: sql ?? "INSERT INTO done VALUES (1) RETURNING n", parameters: [])],
            expectsRow: direction == .forward, step: "saga/1/a", direction: direction, settlesRefusal: true)
    }

    private func perform(_ direction: SagaDirection = .forward, in store: any Store) async throws -> SagaAnswer {
        try await store.write { transaction in
            try SagaBarrier.perform(
                Self.statements(direction, sql: direction == .forward ? nil : "DELETE FROM done"), at: Self.now,
                in: transaction)
        }
    }

    private func settle(in store: any Store) async throws -> SagaAnswer {
        try await store.write { try SagaBarrier.settle(Self.statements(), Self.refusal, at: Self.now, in: $0) }
    }

    private func count(_ store: any Store) async throws -> Int64? {
        try await store.read { try $0.firstRow("SELECT count(*) FROM done")?[0].integer }
    }

    @Test func aStepIsDoneOnceAndUndoneOnce() async throws {
        try await withStore { store in
            for _ in 1...3 { #expect(try await perform(in: store) == .replied("{\"n\":1}")) }
            #expect(try await count(store) == 1)
            for _ in 1...2 { #expect(try await perform(.compensation, in: store) == .replied("null")) }
            #expect(try await count(store) == 0)
            guard case .failed(let failure) = try await perform(in: store) else {
                Issue.record("it was done after it was undone")
                return
            }
            #expect(failure.code == "rejected" && failure.effect == .never)
        }
    }

    @Test func aRefusalAfterAnAttemptThatCommittedIsNone() async throws {
        try await withStore { store in
            _ = try await perform(in: store)
            #expect(try await settle(in: store) == .replied("{\"n\":1}"))
            #expect(try await count(store) == 1)
        }
    }

    @Test func aRefusalIsFinalWhereNothingWasDoneAndNothingWillBe() async throws {
        try await withStore { store in
            for _ in 1...2 {
                guard case .failed(let failure) = try await settle(in: store) else {
                    Issue.record("it counts as done")
                    return
                }
                #expect(failure.effect == .never && failure.message == "no row")
            }
            // The attempt that was still under way.
            guard case .failed = try await perform(in: store) else {
                Issue.record("it was done after all")
                return
            }
            #expect(try await count(store) == 0)
            #expect(try await perform(.compensation, in: store) == .replied("null"))
        }
    }
}
