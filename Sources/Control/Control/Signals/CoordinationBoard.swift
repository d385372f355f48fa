import Synchronization

/// How many sagas and runs of flows stand how, as their journals said last: written by who looks, read by who shows it.
final class CoordinationBoard: Sendable {
    private struct State {
        /// By journal, in the order of the journals.
        var sagas: [(journal: String, rows: [FleetStatus.Sagas])] = []
        var flows: [FleetStatus.Flow] = []
    }

    private let state = Mutex(State())

    func set(_ rows: [FleetStatus.Sagas], ofJournal journal: String) {
        state.withLock { state in
            if let known = state.sagas.firstIndex(where: { $0.journal == journal }) {
                state.sagas[known].rows = rows
            } else {
                state.sagas.append((journal, rows))
            }
        }
    }

    func set(_ rows: [FleetStatus.Flow]) { state.withLock { $0.flows = rows } }

    var coordination: Coordination {
        state.withLock { Coordination(sagas: $0.sagas.flatMap(\.rows), flows: $0.flows) }
    }
}

/// How sagas and flows stand.
struct Coordination: Sendable {
    var sagas: [FleetStatus.Sagas] = []
    var flows: [FleetStatus.Flow] = []
}
