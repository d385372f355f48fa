import Foundation
import Sagas

/// What outlives every process: the last state of each saga, and who may write the next.
struct SagaJournal {
    struct Entry {
        var state: SagaState
        var revision: Int
        var epoch: Int
    }

    /// A state that did not come back as it was.
    struct Changed: Error { var text: String }

    private(set) var entries: [String: Entry] = [:]

    mutating func begin(_ state: SagaState) {
        entries[state.id] = Entry(state: state, revision: 0, epoch: 0)
    }

    /// Hands a saga to another owner.
    mutating func takeOver(_ saga: String, roundTrip: Bool) throws -> Entry? {
        guard var entry = entries[saga] else { return nil }
        entry.epoch += 1
        entries[saga] = entry
        if roundTrip {
            let text = try entry.state.json()
            let state = try JSONDecoder().decode(SagaState.self, from: Data(text.utf8))
            guard state == entry.state else { throw Changed(text: text) }
            entry.state = state
        }
        return entry
    }

    /// Whether the entry was written; an owner that lost its lease writes nothing.
    mutating func write(_ state: SagaState, after revision: Int, epoch: Int, isFenced: Bool) -> Bool {
        guard let entry = entries[state.id] else { return false }
        if isFenced, entry.epoch != epoch || entry.revision != revision { return false }
        entries[state.id] = Entry(state: state, revision: entry.revision + 1, epoch: entry.epoch)
        return true
    }
}
