/// What a piece of work tells of what it has done.
public enum WorkObservation: Sendable {
    /// Rows were taken out of an outbox, which took so long from when there were some.
    case captured(rows: Int, took: Duration)
    /// Events that occurred at these times are durable in the broker, the last of them there.
    case appended(times: EventTimes, through: LogPosition, took: Duration)
    /// What was captured is settled: so many rows are parked.
    case settled(parked: Int, took: Duration)
    /// A subscription goes on behind this record.
    case opened(LogPosition)
    /// Records whose events occurred at these times have taken effect, or are parked, in one transaction, up to there.
    case delivered(times: EventTimes, parked: Int, through: LogPosition, took: Duration)
    /// A subscription's cursor was moved over so many records, of which some were parked, in one transaction, up to there.
    case committed(events: Int, parked: Int, through: LogPosition, took: Duration)
    /// Parked events were tried again by themselves, and keys are free again.
    case retried(released: Int)
    /// An event that occurred then was sent to an endpoint, by its number.
    case sent(to: Int, occurred: Timestamp, outcome: SendOutcome, took: Duration)
    /// The circuit breaker of an endpoint keeps requests from it, or not any more.
    case breaker(of: Int, isOpen: Bool)
    /// A part of the work failed. It will be tried again.
    case failed(FleetError.Code)
    /// An operation on a store failed after so long.
    case storeFailed(StoreOperation, FleetError, took: Duration)

    /// What a store is asked for.
    public enum StoreOperation: Sendable {
        /// To take rows out of an outbox.
        case capture
        /// To settle what was captured.
        case settle
        /// To let a batch take effect, or to move a subscription's cursor.
        case commit
    }

    /// What became of an event that was sent.
    public enum SendOutcome: String, Sendable, CaseIterable {
        case delivered, refused
        /// It is to be sent again.
        case postponed
    }
}

/// Whoever measures a piece of work.
///
/// It is told where the work is done, once a batch, and must not keep it waiting.
public protocol WorkObserver: Sendable {
    func observe(_ observation: WorkObservation)
}

extension WorkObservation.StoreOperation {
    /// Carries an operation out, and tells where it fails, but not where it was cancelled, or somebody else was quicker.
    public func run<Result: Sendable>(
        tellingTo observer: (any WorkObserver)?, _ body: () async throws -> Result
    ) async throws -> Result {
        let begun = ContinuousClock.now
        do {
            return try await body()
        } catch {
            let failure = FleetError.wrapping(error)
            if !Task.isCancelled, failure.code != .cancelled, failure.code != .conflict {
                observer?.observe(.storeFailed(self, failure, took: ContinuousClock.now - begun))
            }
            throw error
        }
    }
}
