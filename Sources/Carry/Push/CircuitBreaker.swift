import FleetCore

/// Keeps an endpoint that fails from being asked by everybody: it is left alone for a while, then asked by one, and by all
/// again once it has answered. Pure: somebody else waits, and tells.
struct CircuitBreaker: Sendable {
    enum State: Sendable, Hashable {
        /// All goes.
        case closed
        /// Nothing goes, until the wait with this ticket is over.
        case open(ticket: Int)
        /// One request may go, and decides.
        case halfOpen
    }

    private(set) var state = State.closed
    /// The keys that have failed since an answer came for the last time.
    private(set) var suspects: Set<String> = []
    /// Times that it opened since an answer came.
    private(set) var openings = 0
    private var nextTicket = 0

    /// So many different keys must have failed, with no answer in between: one event that the endpoint cannot bear opens
    /// nothing.
    static let threshold = 5

    /// Whether a request may go, with so many on their way.
    func allows(inFlight: Int) -> Bool {
        switch state {
        case .closed: true
        case .open: false
        case .halfOpen: inFlight == 0
        }
    }

    var isClosed: Bool { state == .closed }

    /// The endpoint has answered: it is there.
    mutating func answered() {
        state = .closed
        suspects = []
        openings = 0
    }

    /// A request of a key has failed.
    /// - Returns: the ticket of the wait after which it may be tried again, where it has opened.
    mutating func failed(_ key: String) -> Int? {
        // No more than are needed to know: the set stays small.
        if suspects.count < Self.threshold { suspects.insert(key) }
        switch state {
        case .open: return nil
        case .closed: return suspects.count >= Self.threshold ? open() : nil
        case .halfOpen: return open()
        }
    }

    /// The endpoint asks to be left alone.
    /// - Returns: the ticket of the wait.
    mutating func pause() -> Int { open() }

    private mutating func open() -> Int {
        if case .open = state {} else { openings += 1 }
        nextTicket += 1
        state = .open(ticket: nextTicket)
        return nextTicket
    }

    /// A wait is over; those that were overtaken by another do not count.
    mutating func waited(_ ticket: Int) {
        if state == .open(ticket: ticket) { state = .halfOpen }
    }
}
