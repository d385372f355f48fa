import Brokers
import FleetCore

/// What was read and has not been moved over by the cursor, in the order of the stream.
struct PushWindow: Sendable {
    struct Slot: Sendable {
        let record: LogRecord
        var state: State
    }

    enum State: Sendable {
        /// To be delivered, or to be parked where its key is held.
        case pending
        case delivered
        case failed(FleetError, isRetried: Bool)
    }

    /// Of the first of `slots`. Tickets are never used twice.
    private var firstTicket = 0
    private var slots: [Slot] = []
    /// Slots at the beginning that are done with: they go once they are half of all.
    private var removed = 0
    private(set) var bytes = 0

    var isEmpty: Bool { count == 0 }
    var count: Int { slots.count - removed }
    var first: Slot? { isEmpty ? nil : slots[removed] }

    subscript(ticket: Int) -> Slot { slots[ticket - firstTicket] }

    /// - Returns: its ticket.
    mutating func append(_ record: LogRecord, _ state: State) -> Int {
        slots.append(Slot(record: record, state: state))
        bytes += record.event.size.value
        return firstTicket + slots.count - 1
    }

    /// What became of a record.
    mutating func set(_ ticket: Int, _ state: State) { slots[ticket - firstTicket].state = state }

    /// The slots from the first on, as long as `isDone` holds, and at most so many.
    func prefix(_ limit: Int, while isDone: (Slot) -> Bool) -> ArraySlice<Slot> {
        slots[removed...].prefix(limit).prefix(while: isDone)
    }

    mutating func removeFirst(_ count: Int) {
        for slot in slots[removed...].prefix(count) { bytes -= slot.record.event.size.value }
        removed += count
        guard removed * 2 >= slots.count else { return }
        slots.removeFirst(removed)
        firstTicket += removed
        removed = 0
    }

    /// Forgets all, and gives out other tickets from now on.
    mutating func clear() {
        firstTicket += slots.count
        slots = []
        removed = 0
        bytes = 0
    }
}
