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

    /// Of the first slot. Tickets are never used twice.
    private var firstTicket = 0
    private var slots: [Slot] = []
    private(set) var bytes = 0

    var isEmpty: Bool { slots.isEmpty }
    var count: Int { slots.count }

    subscript(ticket: Int) -> Slot {
        get { slots[ticket - firstTicket] }
        set { slots[ticket - firstTicket] = newValue }
    }

    /// - Returns: its ticket.
    mutating func append(_ record: LogRecord, _ state: State) -> Int {
        slots.append(Slot(record: record, state: state))
        bytes += record.event.size.value
        return firstTicket + slots.count - 1
    }

    /// The slots from the first on, as long as `isDone` holds, and at most so many.
    func prefix(_ limit: Int, while isDone: (Slot) -> Bool) -> ArraySlice<Slot> {
        slots.prefix(limit).prefix(while: isDone)
    }

    mutating func removeFirst(_ count: Int) {
        for slot in slots.prefix(count) { bytes -= slot.record.event.size.value }
        slots.removeFirst(count)
        firstTicket += count
    }

    /// Forgets all, and gives out other tickets from now on.
    mutating func clear() {
        firstTicket += slots.count
        slots = []
        bytes = 0
    }
}
