import FleetCore
import Logging
import Signals
import Synchronization

/// When things end that somebody must renew before. It tells how long that is, and says once in the log that it is soon.
final class ExpiryBoard: Sendable {
    private struct State {
        var ends: [String: Timestamp] = [:]
        /// All that were known once: what is not known any more is not told either.
        var names: Set<String> = []
        /// What the log has said of each.
        var told: [String: Warning] = [:]
    }

    private enum Warning: Hashable {
        case soon, ended, unreadable
    }

    private let metric: Metric
    /// Before a name, in the log.
    private let article: String
    private let cure: @Sendable (String) -> String
    private let registry: SignalRegistry
    private let logger: Logger?
    private let state = Mutex(State())

    /// Who renews what ends does so before this.
    private static let soon = Duration.seconds(30 * 86_400)
    private static let verySoon = Duration.seconds(7 * 86_400)

    static func isSoon(_ secondsLeft: Double) -> Bool { secondsLeft < soon.inSeconds }
    static func isVerySoon(_ secondsLeft: Double) -> Bool { secondsLeft < verySoon.inSeconds }

    /// - Parameters:
    ///   - metric: its label is the name of what ends.
    ///   - cure: what to do, by names.
    ///   - logger: `nil` where nothing is to be said.
    init(
        _ metric: Metric, article: String, _ registry: SignalRegistry, _ logger: Logger?,
        cure: @escaping @Sendable (String) -> String
    ) {
        self.metric = metric
        self.article = article
        self.registry = registry
        self.logger = logger
        self.cure = cure
    }

    /// - Parameter end: `nil` where it does not end.
    func set(_ end: Timestamp?, of name: String) {
        state.withLock { state in
            state.ends[name] = end
            state.names.insert(name)
            if state.told[name] == .unreadable { state.told[name] = nil }
        }
    }

    /// When something ends cannot be read.
    func lose(_ name: String, because error: any Error) {
        state.withLock { $0.ends[name] = nil }
        warn(name, .unreadable, "cannot be read: \(FleetError.wrapping(error))")
    }

    /// Tells how long it is until each ends.
    func tell() {
        let now = Timestamp.now()
        let (ends, names) = state.withLock { ($0.ends, $0.names) }
        for name in names {
            registry.gauge(metric).series(name).set(ends[name]?.elapsed(since: now).inSeconds)
        }
    }

    /// Says in the log what has ended, or will soon.
    func warn() {
        for (name, end) in state.withLock({ $0.ends }) {
            let left = end.elapsed(since: .now())
            if left <= .zero {
                warn(name, .ended, "has ended at \(end); \(cure(name))")
            } else if left < Self.soon {
                warn(name, .soon, "ends at \(end); \(cure(name))")
            } else {
                state.withLock { $0.told[name] = nil }
            }
        }
    }

    /// Once for each name and trouble.
    private func warn(_ name: String, _ warning: Warning, _ text: String) {
        let isNew = state.withLock { state in
            defer { state.told[name] = warning }
            return state.told[name] != warning
        }
        if isNew { logger?.warning("\(article) \(name) \(text)") }
    }
}
