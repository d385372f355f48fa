public import FleetCore

extension Timestamp {
    /// 2000-01-01T00:00:00Z, from which the server counts, in microseconds since 1970.
    private static let postgresEpoch: Int64 = 946_684_800_000_000

    /// The moment that a server's clock means. Its ends of time, and whatever lies past the end of ours, become our ends.
    public init(postgresMicroseconds microseconds: Int64) {
        let (sum, overflow) = microseconds.addingReportingOverflow(Timestamp.postgresEpoch)
        let isEnd = overflow || microseconds == .min
        self.init(microseconds: isEnd ? (microseconds < 0 ? .min : .max) : sum)
    }

    /// Microseconds since 2000-01-01T00:00:00Z; the ends of time stay ends.
    public var postgresMicroseconds: Int64 {
        if microseconds == .max { return .max }
        let (difference, overflow) = microseconds.subtractingReportingOverflow(Timestamp.postgresEpoch)
        return overflow ? .min : difference
    }
}
