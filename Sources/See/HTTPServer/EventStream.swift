import NIOCore
import NIOHTTP1
import Synchronization

/// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), the same to all who listen.
///
/// Each event tells all that there is, so that a listener who is slow misses some, and nothing waits for it. Listeners are
/// bounded in number, and one that has taken nothing for a while is closed. So is one that has listened for long: it comes back, and
/// is asked anew who it is.
public final class EventStream: Sendable {
    private struct Listener {
        let channel: any Channel
        /// How many events it has missed without a break.
        var missed = 0
    }

    private struct State {
        var listeners: [ObjectIdentifier: Listener] = [:]
        var last: ByteBuffer?
    }

    private let state = Mutex(State())
    private let limit: Int
    let length: Duration
    /// So many events in a row may not be taken.
    private static let missedLimit = 15

    /// - Parameters:
    ///   - limit: how many may listen at once.
    ///   - length: how long one may.
    public init(limit: Int, length: Duration = .seconds(3600)) {
        self.limit = limit
        self.length = length
    }

    /// How many listen.
    public var count: Int { state.withLock { $0.listeners.count } }

    /// Tells all who listen, and those who come, as the first thing that they hear.
    /// - Parameter data: one line of text.
    public func send(_ event: String, _ data: [UInt8]) {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(data.count + event.utf8.count + 16)
        buffer.writeString("event: \(event)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        let (ready, deaf) = state.withLock { state -> ([any Channel], [any Channel]) in
            state.last = buffer
            var (ready, deaf): ([any Channel], [any Channel]) = ([], [])
            for (key, listener) in state.listeners {
                if listener.channel.isWritable {
                    state.listeners[key]?.missed = 0
                    ready.append(listener.channel)
                } else if listener.missed >= Self.missedLimit {
                    deaf.append(listener.channel)
                } else {
                    state.listeners[key]?.missed += 1
                }
            }
            return (ready, deaf)
        }
        for channel in ready { Self.write(buffer, to: channel) }
        for channel in deaf { channel.close(promise: nil) }
    }

    /// - Returns: `false` where too many listen.
    func add(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard state.listeners.count < limit else { return false }
            state.listeners[ObjectIdentifier(channel)] = Listener(channel: channel)
            return true
        }
    }

    /// What was told last.
    var last: ByteBuffer? { state.withLock { $0.last } }

    func remove(_ channel: any Channel) {
        state.withLock { $0.listeners[ObjectIdentifier(channel)] = nil }
    }

    private static func write(_ buffer: ByteBuffer, to channel: any Channel) {
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
    }
}
