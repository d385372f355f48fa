import Synchronization

/// When the stores of one server may be looked at: all looks at it together take a hundredth of its time, at most, in the long
/// run, and each store has its turn.
///
/// A store alone has ``LookPace`` as it is. Of several, where there is little left, none is looked at again before all of them
/// could have been: else those who come first would take what is for all.
final class ServerPace: Sendable {
    private struct Store {
        var ended: ContinuousClock.Instant
        /// What its last two looks took.
        var took: [Duration]

        /// A moment in which a machine has much to do is over soon.
        var usual: Duration { took.min() ?? .zero }
    }

    private struct State {
        var pace = LookPace()
        private(set) var stores: [String: Store] = [:]
        /// What one look at each of the stores takes.
        private var all = Duration.zero

        /// How long a store waits from the end of its last look, so that all of them have their turn.
        func round(at now: ContinuousClock.Instant) -> Duration {
            stores.count > 1 && !pace.isPlenty(at: now) ? all * LookPace.share : .zero
        }

        mutating func looked(_ name: String, _ took: Duration, at now: ContinuousClock.Instant) {
            let last = stores[name]
            let new = Store(ended: now, took: Array((last?.took ?? []).suffix(1)) + [took])
            // What it was about to take is taken already.
            pace.looked(took - (last?.usual ?? .zero), at: now)
            all += new.usual - (last?.usual ?? .zero)
            stores[name] = new
        }
    }

    private let state = Mutex(State())

    /// Whether a store may be looked at. Where it may, what that is about to take is taken from the server's time at once, as
    /// others come meanwhile.
    func begins(_ store: String, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            guard state.pace.isDue(at: now) else { return false }
            guard let known = state.stores[store] else { return true }
            guard now - known.ended >= state.round(at: now) else { return false }
            state.pace.looked(known.usual, at: now)
            return true
        }
    }

    /// - Parameter took: what a look that has just ended took of the server's time.
    func looked(_ store: String, _ took: Duration, at now: ContinuousClock.Instant = .now) {
        state.withLock { $0.looked(store, took, at: now) }
    }

    /// How long to wait before a store is asked for anything again.
    func pause(of store: String, at now: ContinuousClock.Instant = .now) -> Duration {
        state.withLock { state in
            let round = state.round(at: now)
            let turn = state.stores[store].map { $0.ended + round - now } ?? .zero
            return min(max(state.pace.pause(at: now), turn), LookPace.longest)
        }
    }
}

/// The paces of servers, each for all of its stores.
struct ServerPaces: Sendable {
    private let paces: [String: ServerPace]

    /// - Parameter servers: of each store, by which its server is known; `nil` of one that has none.
    init(_ servers: [(store: String, server: [String]?)]) {
        var (known, paces): ([[String]: ServerPace], [String: ServerPace]) = ([:], [:])
        for (store, server) in servers {
            let pace = server.flatMap { known[$0] } ?? ServerPace()
            if let server { known[server] = pace }
            paces[store] = pace
        }
        self.paces = paces
    }

    /// A store that nobody has named has a pace of its own.
    func pace(of store: String) -> ServerPace { paces[store] ?? ServerPace() }
}
