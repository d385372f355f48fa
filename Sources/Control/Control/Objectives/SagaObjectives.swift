import FleetCore
import FleetFile
import Objectives
import SagaModel
import Sagas
import Stores
import Subscriptions

/// Looks up in the journals how sagas that have objectives have ended, and which wait.
///
/// What a saga has come to is counted a few seconds after its end, so that a commit that took long is not missed.
struct SagaObjectives: Sendable {
    private struct Wish: Sendable {
        /// The objective's place in the file.
        var index: Int
        var saga: String
        var measure: ObjectiveMeasure
        var threshold: Duration?
    }

    private struct Place: Sendable {
        var journal: SagaJournal
        var store: SharedStore
        var objectives: [Wish]
    }

    private let places: [Place]

    private static let settling = Duration.seconds(5)
    /// What is read of a journal at once.
    private static let limit = 10_000

    init(_ fleet: FleetDefinition) {
        places = fleet.sagaPlaces.compactMap { place in
            let names = Set(place.sagas.map(\.definition.name.text))
            let own = fleet.objectives.enumerated().compactMap { index, objective in
                objective.subject.kind == .saga && names.contains(objective.subject.name)
                    ? Wish(
                        index: index, saga: objective.subject.name, measure: objective.measure,
                        threshold: objective.threshold) : nil
            }
            guard !own.isEmpty else { return nil }
            let host = place.host
            return Place(
                journal: place.journal(of: fleet.name), store: SharedStore { try Connectors.monitoredStore(of: host) },
                objectives: own)
        }
    }

    var isEmpty: Bool { places.isEmpty }

    func close() async { for place in places { await place.store.close() } }

    /// - Parameters:
    ///   - since: what ended until then is counted already.
    ///   - pace: is told how long journals were asked.
    /// - Returns: by objective, what is new; and until when sagas are counted now.
    func look(
        since: Timestamp, at now: Timestamp, _ pace: inout LookPace
    ) async throws -> (counts: [Int: ObjectiveCount.Sagas], until: Timestamp) {
        let until = max(since, now.advanced(by: .zero - Self.settling))
        var counts: [Int: ObjectiveCount.Sagas] = [:]
        var took = Duration.zero
        defer { pace.looked(took) }
        for place in places {
            let store = try await place.store.store()
            do {
                try await store.read { _ = try $0.firstRow("SELECT 1") }
                let begun = ContinuousClock.now
                defer { took += ContinuousClock.now - begun }
                let found = try await store.read { transaction in
                    try Self.look(place, since: since, until: until, now, transaction)
                }
                counts.merge(found) { first, _ in first }
            } catch {
                await place.store.discard(store)
                throw error
            }
        }
        return (counts, until)
    }

    private static func look(
        _ place: Place, since: Timestamp, until: Timestamp, _ now: Timestamp, _ transaction: any StoreTransaction
    ) throws -> [Int: ObjectiveCount.Sagas] {
        var ended: [SagaSummary] = []
        var from = since
        while from < until {
            let more = try place.journal.ended(after: from, until: until, limit: limit, in: transaction)
            ended += more
            guard more.count == limit, let last = more.last?.endedAt else { break }
            from = last
        }
        var counts: [Int: ObjectiveCount.Sagas] = [:]
        for wish in place.objectives {
            let own = ended.filter { $0.saga == wish.saga }
            var count = ObjectiveCount.Sagas(total: Int64(own.count))
            if wish.measure == .latency, let threshold = wish.threshold {
                count.bad = Int64(
                    own.count(where: { ($0.endedAt ?? $0.startedAt).elapsed(since: $0.startedAt) > threshold }))
                count.waiting = Int64(
                    try place.journal.openCount(
                        of: wish.saga, startedBefore: now.advanced(by: .zero - threshold), in: transaction))
            } else {
                count.waiting = Int64(try place.journal.parkedCount(of: wish.saga, in: transaction))
            }
            counts[wish.index] = count
        }
        return counts
    }
}
