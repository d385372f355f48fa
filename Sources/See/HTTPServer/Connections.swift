import NIOCore
import Synchronization

/// The connections of a server, and which of them wait to be asked something.
final class Connections: Sendable {
    private struct Connection {
        let channel: any Channel
        /// Its place among those that wait for a question; `nil` while it is answered.
        var waits: UInt64?
    }

    private struct State {
        var open: [ObjectIdentifier: Connection] = [:]
        var nextPlace: UInt64 = 0

        mutating func place() -> UInt64 {
            defer { nextPlace += 1 }
            return nextPlace
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Takes a new one. Where there are too many, the one that has asked nothing for the longest time is closed.
    /// - Returns: `false` where each of the others is being answered.
    func add(_ channel: any Channel) -> Bool {
        let (isTaken, closed) = state.withLock { state -> (Bool, (any Channel)?) in
            var closed: (any Channel)?
            if state.open.count >= limit {
                let waiting = state.open.compactMap { key, connection in connection.waits.map { (key, $0) } }
                guard let (key, _) = waiting.min(by: { $0.1 < $1.1 }) else { return (false, nil) }
                closed = state.open.removeValue(forKey: key)?.channel
            }
            let place = state.place()
            state.open[ObjectIdentifier(channel)] = Connection(channel: channel, waits: place)
            return (true, closed)
        }
        closed?.close(promise: nil)
        return isTaken
    }

    func remove(_ channel: any Channel) {
        state.withLock { $0.open[ObjectIdentifier(channel)] = nil }
    }

    /// Its question is there, and is answered.
    func isAsked(_ channel: any Channel) {
        state.withLock { $0.open[ObjectIdentifier(channel)]?.waits = nil }
    }

    /// Its answer is written.
    func isAnswered(_ channel: any Channel) {
        state.withLock { state in
            let place = state.place()
            state.open[ObjectIdentifier(channel)]?.waits = place
        }
    }
}
