import Synchronization

/// Whether a piece of work is told to end.
///
/// `sqlite3_interrupt` ends the statement that runs, and is forgotten where none does (https://www.sqlite.org/c3ref/interrupt.html):
/// this is looked at while a statement runs.
final class WorkCancellation: Sendable {
    private let mark = Atomic(false)

    var isSet: Bool { mark.load(ordering: .relaxed) }
    func set() { mark.store(true, ordering: .relaxed) }
}
