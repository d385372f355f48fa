import FleetCore
import Foundation
import SagaModel
import Sagas
import Stores
import Subscriptions
import Synchronization

/// Sagas of three steps in code, on an engine of their own.
final class SagaBench: Sendable {
    static let runner = "bench"
    let journal = SagaJournal(runner: runner)
    let stores: SharedStore
    private let ended = Atomic(0)
    private let latencies = Mutex<[Double]>([])
    private let changed: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    init(open: @escaping @Sendable () throws -> any Store) {
        stores = SharedStore(open)
        (changed, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    static func definition(_ steps: [SagaStep]) -> SagaDefinition {
        SagaDefinition(
            name: SagaName(unchecked: "bench"), deadline: .seconds(86_400), steps: steps.map { .step($0) })
    }

    /// Three steps in code, outside of the journal's transactions: each is a commit before and a commit after it, which
    /// sagas share.
    static let threeSteps = definition(
        ["reserve", "charge", "ship"].map { name in
            SagaStep(name: name, activity: .local(SagaLocal(isTransactional: false)), role: .retriable)
        })

    func setUp() async throws {
        try await stores.store().write { try $0.script(SagaJournalSchema.script) }
    }

    /// Leaves messages that start sagas.
    func post(_ count: Int, from first: Int = 0) async throws {
        let journal = journal
        let store = try await stores.store()
        for begin in stride(from: 0, to: count, by: 1_000) {
            try await store.write { transaction in
                for number in begin..<min(begin + 1_000, count) {
                    try journal.post(
                        .start(saga: "bench", id: "bench/\(first + number)", data: "{\"n\":\(first + number)}"),
                        in: transaction)
                }
            }
        }
    }

    func engine(_ definition: SagaDefinition, parties: any SagaParties = NothingToDo()) -> SagaEngine {
        SagaEngine(
            runner: Self.runner, catalog: SagaCatalog([definition], journal: journal), parties: parties, stores: stores,
            settings: .init(owner: "bench", confirm: {}), progress: Progress(name: "bench")
        ) { [self] notice in
            guard case .ended = notice else { return }
            ended.add(1, ordering: .relaxed)
            change.yield()
        }
    }

    var endedCount: Int { ended.load(ordering: .relaxed) }

    /// Waits until so many sagas have ended since the start.
    func waitForEnds(_ count: Int) async {
        if endedCount >= count { return }
        for await _ in changed where endedCount >= count { return }
    }

    /// Sagas a second, from the first to the last of them.
    func rate(_ definition: SagaDefinition, _ count: Int) async throws -> Double {
        try await setUp()
        try await post(count)
        let engine = engine(definition)
        let time = await seconds {
            await withTaskGroup { group in
                group.addTask { await engine.run() }
                await waitForEnds(count)
                group.cancelAll()
            }
        }
        await stores.close()
        return Double(count) / time
    }
}

/// Steps that are done at once.
struct NothingToDo: SagaParties {
    func sharesJournal(_ service: String) -> Bool { false }
    func statements(of sql: SagaSQL) throws -> [SagaStatement] { [] }
    func write(_ command: SagaOutgoing, in transaction: any StoreTransaction) throws {}
    func store(of service: String) async throws -> any Store { throw FleetError(.bug, "no store is needed") }
    func discard(_ store: any Store, of service: String) async {}
    func forgetSteps(before moment: Timestamp) async throws {}
    func call(_ request: SagaRequest) async -> (answer: SagaAnswer, status: Int?) { (.replied("null"), nil) }
    func perform(_ call: SagaLocalCall) async throws -> String { "{\"done\":true}" }
    func perform(_ call: SagaLocalCall, in transaction: any StoreTransaction) throws -> String { "null" }
}
