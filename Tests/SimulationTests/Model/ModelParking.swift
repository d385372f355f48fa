import FleetCore

/// The parked events of one place, in the order in which they were parked; what `Parking` does with a table.
struct ModelParking {
    struct Row {
        var sequence: Int
        var number: Int
        var key: Int
        var hasReason: Bool
        var attempts: Int
        var nextAttempt: Timestamp?
    }

    private(set) var rows: [Row] = []
    private var sequence = 0
    let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { rows.isEmpty }
    var heldKeys: Set<String> { Set(rows.lazy.map { SimulatedEvent.name(ofKey: $0.key) }) }
    var nextDue: Timestamp? { rows.lazy.compactMap(\.nextAttempt).min() }

    /// The first row of each key.
    var heads: [Row] {
        var seen = 0
        return rows.filter { row in
            defer { seen |= 1 << row.key }
            return seen & 1 << row.key == 0
        }
    }

    func isHeld(_ key: Int) -> Bool { rows.contains { $0.key == key } }
    func head(of key: Int) -> Row? { rows.first { $0.key == key } }
    func contains(_ number: Int) -> Bool { rows.contains { $0.number == number } }

    func checkRoom(for count: Int) throws {
        if rows.count + count > limit { throw FleetError(.full, "too many are parked", isRetriable: true) }
    }

    mutating func park(_ number: Int, key: Int, hasReason: Bool, attempts: Int, nextAttempt: Timestamp?) {
        sequence += 1
        rows.append(
            Row(
                sequence: sequence, number: number, key: key, hasReason: hasReason, attempts: attempts,
                nextAttempt: nextAttempt))
    }

    /// Removes a row, if it is still there.
    mutating func remove(sequence: Int) -> Row? {
        guard let index = rows.firstIndex(where: { $0.sequence == sequence }) else { return nil }
        return rows.remove(at: index)
    }

    mutating func recordFailure(sequence: Int, nextAttempt: Timestamp?) {
        guard let index = rows.firstIndex(where: { $0.sequence == sequence }) else { return }
        rows[index].hasReason = true
        rows[index].attempts += 1
        rows[index].nextAttempt = nextAttempt
    }

    func dueKeys(at now: Timestamp) -> [Int] {
        rows.compactMap { row in
            if let due = row.nextAttempt, due <= now { row.key } else { nil }
        }
    }
}
