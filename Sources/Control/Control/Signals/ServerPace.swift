import FleetCore
import FleetFile
import Signals
import Synchronization

/// When the stores of one server may be looked at: all looks at it together take a hundredth of its time, at most, in the long
/// run, and each store has its turn.
///
/// A store alone has ``LookPace`` as it is. Of several, where there is little left, none is looked at again before all of them
/// could have been: else those who come first would take what is for all. What they have in common has its turn as a store
/// has, and whose look asks for it does not pay for it.
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
        /// Who has not come for so long comes no more: a server that was started again is asked as another one.
        private static let patience = Duration.seconds(3600)

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
            let limit = max(Self.patience, round(at: now) * 2)
            for (name, store) in stores where now - store.ended > limit {
                all -= store.usual
                stores[name] = nil
            }
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

    /// Whether what stores have in common may be asked for, as a store may be looked at.
    /// - Parameter isKnown: whether there is an answer to go on with; where there is none, it is asked for at once.
    func begins(_ what: String, isKnown: Bool, at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            let known = state.stores[what]
            if isKnown {
                guard state.pace.isDue(at: now) else { return false }
                let pause = max(LookPace.interval, state.round(at: now))
                if let known, now - known.ended < pause { return false }
            }
            if let known { state.pace.looked(known.usual, at: now) }
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

extension ServerPace: AskingPace {
    func begins(_ what: String, isKnown: Bool) -> Bool { begins(what, isKnown: isKnown, at: .now) }
    func ended(_ what: String, _ took: Duration) { looked(what, took) }
}

/// The servers of stores: of each a pace, and what it has told, for all of its stores.
struct ServerPaces: Sendable {
    private struct Server: Sendable {
        let pace: ServerPace
        let answers: ServerAnswers

        /// - Parameter stores: how many it has at most.
        init(stores: Int) {
            pace = ServerPace()
            answers = ServerAnswers(stores: stores, pace: pace)
        }
    }

    private let servers: [String: Server]

    /// - Parameter servers: of each store, by which its server is known; `nil` of one that has none.
    init(_ servers: [(store: String, server: [String]?)]) {
        var (known, all): ([[String]: Server], [String: Server]) = ([:], [:])
        for (store, key) in servers {
            let server = key.flatMap { known[$0] } ?? Server(stores: servers.count)
            if let key { known[key] = server }
            all[store] = server
        }
        self.servers = all
    }

    /// Those of a fleet's services.
    init(_ fleet: FleetDefinition) {
        self.init(fleet.services.map { ($0.name.text, Connectors.server(of: $0.store)) })
    }

    /// A store that nobody has named has a pace of its own.
    func pace(of store: String) -> ServerPace { servers[store]?.pace ?? ServerPace() }

    /// What the server of a store has told; `nil` for one that nobody has named.
    func answers(of store: String) -> ServerAnswers? { servers[store]?.answers }
}
