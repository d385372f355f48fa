import FleetCore
import SagaModel

/// Who has which lock, and who waits for it.
struct LockTable {
    struct Holding {
        var saga: String
        var until: Timestamp
    }

    struct Wish {
        var saga: String
        var duration: Duration
    }

    enum Answer { case taken(until: Timestamp), conflict(String), waits }

    private(set) var holdings: [String: Holding] = [:]
    private var wishes: [String: [Wish]] = [:]

    func holder(of key: String, at now: Timestamp) -> String? {
        holdings[key].flatMap { $0.until > now ? $0.saga : nil }
    }

    mutating func take(
        _ key: String, for saga: String, duration: Duration, conflict: SagaLock.Conflict, at now: Timestamp
    ) -> Answer {
        if let holding = holdings[key], holding.until > now {
            if holding.saga == saga { return .taken(until: holding.until) }
            if conflict != .wait { return .conflict(holding.saga) }
            if wishes[key]?.contains(where: { $0.saga == saga }) != true {
                wishes[key, default: []].append(Wish(saga: saga, duration: duration))
            }
            return .waits
        }
        let until = now.advanced(by: duration)
        holdings[key] = Holding(saga: saga, until: until)
        wishes[key]?.removeAll { $0.saga == saga }
        return .taken(until: until)
    }

    /// Lets go; returns who has it next.
    mutating func release(_ key: String, of saga: String, at now: Timestamp) -> Holding? {
        wishes[key]?.removeAll { $0.saga == saga }
        guard holdings[key]?.saga == saga else { return nil }
        holdings[key] = nil
        return grantNext(key, at: now)
    }

    /// Gives expired locks to those who wait.
    mutating func expire(at now: Timestamp) -> [(key: String, holding: Holding)] {
        holdings.filter { $0.value.until <= now }.keys.sorted().compactMap { key in
            grantNext(key, at: now).map { (key, $0) }
        }
    }

    private mutating func grantNext(_ key: String, at now: Timestamp) -> Holding? {
        guard var queue = wishes[key], !queue.isEmpty else { return nil }
        let next = queue.removeFirst()
        wishes[key] = queue
        let holding = Holding(saga: next.saga, until: now.advanced(by: next.duration))
        holdings[key] = holding
        return holding
    }
}
