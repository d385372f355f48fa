import FleetCore
import SagaModel

/// Semantic locks: all are taken before the first step, one after the other.
extension SagaMachine {
    func lockRequest() -> SagaAction? {
        guard let lock = state.locks.first(where: { $0.status == .wanted }) else { return nil }
        let declared = definition.locks.first { (try? text(of: $0.key, for: SagaStepID(""))) == lock.key }
        return declared.map { .takeLock(key: lock.key, duration: $0.duration, conflict: $0.conflict) }
    }

    /// Asks for the next lock where none is asked for, or goes on where all are there.
    mutating func nextLock() {
        if let request = lockRequest() {
            // Asked for again with each input: it bears that, and nobody need remember whether it was.
            actions.append(request)
        } else {
            state.phase = .forward
        }
    }

    mutating func lockTaken(_ key: String, until: Timestamp) {
        guard let index = state.locks.firstIndex(where: { $0.key == key }) else {
            note(.stray, "a lock of \(key), which the saga never wanted")
            actions.append(.releaseLock(key: key))
            return
        }
        switch state.locks[index].status {
        case .wanted where state.phase == .locking: state.locks[index].status = .held(until: until)
        case .held: note(.duplicate, "the lock of \(key)")
        case .wanted, .lost, .released:
            note(.late, "the lock of \(key)")
            actions.append(.releaseLock(key: key))
        }
    }

    mutating func lockConflict(_ key: String, holder: String) {
        guard state.phase == .locking, state.locks.contains(where: { $0.key == key && $0.status == .wanted }) else {
            return note(.late, "a conflict about \(key)")
        }
        guard case .takeLock(_, _, let conflict) = lockRequest() else { return }
        switch conflict {
        case .wait: note(.remark, "\(key) is locked by \(holder)")
        case .fail: beginCompensation(.lockConflict(key: key, holder: holder))
        case .reject: finish(.rejected(key: key, holder: holder))
        }
    }

    mutating func lockLost(_ key: String) {
        guard let index = state.locks.firstIndex(where: { $0.key == key }), case .held = state.locks[index].status
        else {
            return note(.late, "the loss of the lock of \(key)")
        }
        state.locks[index].status = .lost
        note(.remark, "the lock of \(key) was lost")
        requestStop(.lockLost(key: key))
    }
}
