import FleetCore

/// An endpoint, as the machine sees it.
struct PushTarget: Sendable {
    /// Requests on their way at once.
    let inFlightLimit: Int
    var inFlight = 0
    var breaker = CircuitBreaker()
    /// Events that it has taken.
    var delivered = 0
    /// Requests that failed since it answered for the last time.
    private var failures = 0
    /// What is wrong with it; `nil` where nothing is, or it is too early to say.
    private(set) var trouble: FleetError?
    /// What was told of it last.
    private var told = News()
    /// Whether it is just being told.
    private var isTelling = false
    private var delayed: Set<String> = []
    private var queue: [String] = []
    private var taken = 0

    /// One failure, or two, are no news.
    private static let failuresOfTrouble = 3

    init(inFlightLimit: Int) {
        self.inFlightLimit = inFlightLimit
    }

    private struct News: Equatable {
        var trouble: String?
        var isOpen = false
    }

    private var news: News { News(trouble: trouble?.description, isOpen: !breaker.isClosed) }

    /// Whether what is to be told differs from what was.
    var hasNews: Bool { !isTelling && news != told }

    mutating func tell() {
        isTelling = true
        told = news
    }

    mutating func wasTold() { isTelling = false }

    mutating func answered() {
        breaker.answered()
        failures = 0
        trouble = nil
    }

    /// - Returns: as ``CircuitBreaker/failed(_:)``.
    mutating func failed(_ key: String, _ error: FleetError) -> Int? {
        failures += 1
        let ticket = breaker.failed(key)
        if failures >= Self.failuresOfTrouble || !breaker.isClosed { trouble = error }
        return ticket
    }

    /// It asks to be left alone.
    mutating func paused(_ error: FleetError) -> Int {
        trouble = error
        return breaker.pause()
    }

    var canSend: Bool { inFlight < inFlightLimit && breaker.allows(inFlight: inFlight) }

    mutating func enqueue(_ key: String) { queue.append(key) }

    mutating func dequeue() -> String? {
        guard taken < queue.count else { return nil }
        defer {
            taken += 1
            if taken == queue.count {
                queue.removeAll(keepingCapacity: true)
                taken = 0
            } else if taken > 1024, taken > queue.count / 2 {
                queue.removeFirst(taken)
                taken = 0
            }
        }
        return queue[taken]
    }

    /// A key's event has failed, and waits.
    mutating func delay(_ key: String) { delayed.insert(key) }

    /// The keys whose events have failed since this was asked for the last time.
    mutating func takeDelayed() -> Set<String> {
        defer { delayed = [] }
        return delayed
    }

    /// Forgets who waits. What is known of the endpoint itself stays.
    mutating func clear() {
        queue = []
        delayed = []
        taken = 0
        inFlight = 0
    }
}
