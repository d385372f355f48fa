import FleetCore
import FleetFile
import Objectives
import SagaModel
import Sagas
import Stores
import Subscriptions
import Synchronization

/// Looks up in the journals how sagas that have objectives have ended, and which wait. Who looks at a journal waits for no other,
/// and nobody who counts waits for either.
///
/// What a saga has come to is counted a few seconds after its end, so that a commit that took long is not missed.
final class SagaObjectives: Sendable {
    private struct Wish: Sendable {
        /// The objective's place in the file.
        var index: Int
        var saga: String
        var measure: ObjectiveMeasure
        var threshold: Duration?
    }

    private struct Place: Sendable {
        var name: String
        var journal: SagaJournal
        var store: SharedStore
        var objectives: [Wish]
    }

    private let places: [Place]

    private static let settling = Duration.seconds(5)

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
                name: place.name, journal: place.journal(of: fleet.name),
                store: SharedStore { try Connectors.monitoredStore(of: host) },
                objectives: own)
        }
    }

    /// The names of the journals that are looked at.
    var journals: [String] { places.map(\.name) }

    /// What was found in one journal.
    struct Found: Sendable {
        /// Its name.
        var journal: String
        /// By objective, what is new; and until when the journal's sagas are counted now.
        var result: Result<(counts: [Int: ObjectiveCount.Sagas], until: Timestamp), FleetError>
    }

    /// What nobody has taken yet, the oldest first.
    private let found = Mutex<[Found]>([])
    /// Who does not take what is found is not told more.
    private static let foundLimit = 100

    func takeFound() -> [Found] {
        found.withLock { found in
            defer { found = [] }
            return found
        }
    }

    /// Looks at all journals until the task is cancelled.
    /// - Parameter since: what ended in a journal until then is counted already.
    func lookRepeatedly(since: @Sendable (String) -> Timestamp) async {
        await withTaskGroup(of: Void.self) { group in
            for place in places {
                let since = since(place.name)
                group.addTask { await self.lookRepeatedly(at: place, since: since) }
            }
        }
    }

    private func lookRepeatedly(at place: Place, since: Timestamp) async {
        var (since, pace) = (since, LookPace())
        while !Task.isCancelled {
            if pace.isDue(), found.withLock({ $0.count }) < Self.foundLimit {
                let result = await look(at: place, since: since, &pace)
                if case .success(let new) = result { since = new.until }
                if !Task.isCancelled {
                    found.withLock { $0.append(Found(journal: place.name, result: result)) }
                }
            }
            try? await Task.sleep(for: LookPace.interval)
        }
        await place.store.close()
    }

    /// - Parameter pace: is told how long the journal was asked.
    private func look(
        at place: Place, since: Timestamp, _ pace: inout LookPace
    ) async -> Result<(counts: [Int: ObjectiveCount.Sagas], until: Timestamp), FleetError> {
        let now = FleetClock.system.now()
        // Where the clock was put back, counting goes back with it.
        let until = now.advanced(by: .zero - Self.settling)
        let since = min(since, until)
        do {
            let store = try await place.store.store()
            do {
                // Connecting, or waiting for a server that does not answer, takes none of its time.
                try await store.read { _ = try $0.firstRow("SELECT 1") }
                let begun = ContinuousClock.now
                defer { pace.looked(ContinuousClock.now - begun) }
                let counts = try await store.read { transaction in
                    try Self.look(place, since: since, until: until, now, transaction)
                }
                return .success((counts, until))
            } catch {
                await place.store.discard(store)
                throw error
            }
        } catch {
            return .failure(FleetError.wrapping(error))
        }
    }

    private static func look(
        _ place: Place, since: Timestamp, until: Timestamp, _ now: Timestamp, _ transaction: any StoreTransaction
    ) throws -> [Int: ObjectiveCount.Sagas] {
        var counts: [Int: ObjectiveCount.Sagas] = [:]
        for wish in place.objectives {
            let limit = wish.measure == .latency ? wish.threshold : nil
            let ended = try place.journal.ended(
                wish.saga, after: since, until: until, slowerThan: limit, in: transaction)
            var count = ObjectiveCount.Sagas(total: ended.total, bad: ended.slow)
            if let threshold = limit {
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
