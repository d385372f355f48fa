import Synchronization

/// Counts events that are written in transactions which others commit, once these are committed.
final class PublishTally<Key: Hashable & Sendable>: Sendable {
    private let events: EventWriter
    /// By what was done. What is done anew, because its transaction was undone, counts once.
    private let written = Mutex<[Key: Int]>([:])

    init(_ events: EventWriter) { self.events = events }

    /// - Parameters:
    ///   - key: what is done.
    ///   - body: does it, with who writes its events.
    func counting<Result>(_ key: Key, _ body: (EventWriter) throws -> Result) rethrows -> Result {
        let count = WrittenCount()
        written.withLock { $0[key] = nil }
        let result = try body(events.counting(in: count))
        if count.value > 0 { written.withLock { $0[key] = count.value } }
        return result
    }

    /// What was done up to here is committed.
    func commit() {
        let count = written.withLock { written in
            defer { written = [:] }
            return written.values.reduce(0, +)
        }
        events.tell(committed: count)
    }

    /// What was done and not committed is undone.
    func undo() { written.withLock { $0 = [:] } }
}
