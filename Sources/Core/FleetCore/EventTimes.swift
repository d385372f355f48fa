/// When the events of a batch occurred, looked at where they lie: whoever tells of a batch makes no array for it.
public struct EventTimes: Sendable {
    public let count: Int
    private let visit: @Sendable (Range<Int>, (Timestamp) -> Void) -> Void

    /// - Parameter visit: hands out the times of some events, by their places in the batch.
    public init(count: Int, visit: @escaping @Sendable (Range<Int>, (Timestamp) -> Void) -> Void) {
        self.count = count
        self.visit = visit
    }

    public init(of events: [Event]) {
        self.init(count: events.count) { places, body in
            let span = events.span
            for place in places { body(span[place].time) }
        }
    }

    public init(_ times: [Timestamp]) {
        self.init(count: times.count) { places, body in
            for time in times[places] { body(time) }
        }
    }

    /// - Parameter count: so many of the last.
    public func forEach(last count: Int = .max, _ body: (Timestamp) -> Void) {
        visit(self.count - max(0, min(count, self.count))..<self.count, body)
    }
}
