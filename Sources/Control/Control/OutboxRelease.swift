import Brokers
import FleetCore
import Parking
import Relay
import Stores

/// Publishes parked events of an outbox after all, in their order, in batches.
///
/// A batch is appended to the stream, and then removed from the store. Where this ends between the two, its events are
/// published again, under the same ids: who has them drops them.
struct OutboxRelease {
    let parking: Parking
    let contract: RelayContract
    let store: any Store
    let broker: any Broker
    /// Who makes spans of it.
    let tracer: (any WorkTracer)?

    /// What became of the events of one key.
    struct Result {
        /// The first of them.
        var head: ParkedEvent
        var published = 0
        /// Why the next must not leave; it stays parked, and those behind it wait.
        var failure: FleetError?
    }

    /// Publishes the events of some keys, or of all, each up to the first that must not leave.
    /// - Returns: one result for each key that had events, in their order.
    func publish(keys: Set<String>?) async throws -> [Result] {
        guard let keys else { return try await publish(nil) { _ in true } }
        // All events are read once where that is less than a look for each key.
        if keys.count > 64 { return try await publish(nil) { keys.contains($0) } }
        var results: [Result] = []
        for key in keys { results += try await publish(key) { _ in true } }
        return results.sorted { $0.head.sequence < $1.head.sequence }
    }

    private func publish(_ key: String?, where isMeant: (String) -> Bool) async throws -> [Result] {
        var results: [Result] = []
        var places: [String: Int] = [:]
        var next: Int64 = 0
        while true {
            let (parking, from) = (parking, next)
            // Read anew after each batch: a fleet that runs parks more behind those that are not removed yet.
            let events = try await store.read { try parking.batch(of: key, from: from, limit: .standard, in: $0) }
            guard let last = events.last else { return results }
            next = last.sequence + 1
            var published: [ParkedEvent] = []
            var failed: [(event: ParkedEvent, reason: String)] = []
            for event in events where isMeant(event.event.key) {
                let place = places[event.event.key] ?? results.count
                if place == results.count {
                    places[event.event.key] = place
                    results.append(Result(head: event))
                }
                if results[place].failure != nil { continue }
                if let objection = objection(to: event) {
                    results[place].failure = FleetError(.badEvent, objection)
                    failed.append((event, objection))
                } else {
                    results[place].published += 1
                    published.append(event)
                }
            }
            try await settle(published, failed)
        }
    }

    private func settle(_ published: [ParkedEvent], _ failed: [(event: ParkedEvent, reason: String)]) async throws {
        if published.isEmpty, failed.isEmpty { return }
        // Durable in the broker first.
        if !published.isEmpty {
            let begun = ContinuousClock.now
            let events = published.map(\.event)
            _ = try await broker.append(events, to: parking.stream)
            trace(events.compactMap { TracedEvent($0) }, took: ContinuousClock.now - begun)
        }
        trace(
            failed.compactMap { TracedEvent($0.event.event, failure: FleetError(.badEvent, $0.reason)) }, took: .zero)
        CrashPoint.released.reached()
        let parking = parking
        try await store.write { transaction in
            for event in published { try parking.remove(event, in: transaction) }
            for (event, reason) in failed {
                try parking.recordFailure(of: event, reason: reason, nextAttempt: nil, in: transaction)
            }
        }
    }

    private func trace(_ events: [TracedEvent], took: Duration) {
        if !events.isEmpty { tracer?.worked(on: events, took: took) }
    }

    private func objection(to event: ParkedEvent) -> String? {
        EventID(event.eventID) == nil
            ? "its id \"\(event.eventID.prefix(64))\" is not a UUID" : contract.objection(to: event.event)
    }
}
