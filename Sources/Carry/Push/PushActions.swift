public import Brokers
public import Endpoints
public import FleetCore
public import Parking

extension PushMachine {
    /// What the driver is to do.
    public enum Action: MachineAction {
        /// Open the store and tell where the subscription stands. Always the first.
        case open
        /// Let go of the store, which others may go on with.
        case close
        case read(after: LogPosition)
        /// Deliver an event. Of one key there is never more than one on its way.
        case send(Event, to: Int)
        /// Move the cursor over what is delivered, and park the rest, in one transaction.
        case commit(Commit)
        /// Tell the broker how far the subscription is.
        case acknowledge(LogPosition)
        /// Look, at the given time at the latest, for parked events that are to be tried again.
        case findDue(at: Timestamp)
        /// Note what became of a parked event that was sent again.
        case settle(ParkedEvent, Settlement)
        /// Tell that an endpoint is in trouble, or well again, and whether its circuit breaker keeps requests from it.
        case report(Int, FleetError?, isOpen: Bool)
        /// Wait for a time that grows with the failures, and with none for no longer than what is asked for, but not less.
        case wait(afterFailures: Int, atLeast: Duration?, then: Wake)

        public var step: Step {
            switch self {
            case .open: .open
            case .close: .close
            case .read: .read
            case .send(let event, _): .send(key: event.key)
            case .commit: .commit
            case .acknowledge: .acknowledge
            case .findDue: .findDue
            case .settle(let event, _): .settle(key: event.event.key)
            case .report(let endpoint, _, _): .report(endpoint)
            case .wait: .wait
            }
        }
    }

    public enum Step: Hashable, Sendable {
        case open, close, read, commit, acknowledge, findDue, wait
        case send(key: String)
        case settle(key: String)
        case report(Int)
    }

    /// Who waits.
    public enum Wake: Hashable, Sendable {
        case step(Step)
        /// A key whose event has failed so often.
        case lane(key: String, ticket: Int, failures: Int)
        /// A circuit breaker that is open.
        case breaker(endpoint: Int, ticket: Int)
        /// The cursor, for more that it can move over at once.
        case gathered
    }

    /// What became of an action.
    public enum Input: MachineInput {
        case opened(Opening)
        case closed
        case read([LogRecord])
        case answered(key: String, endpoint: Int, DeliveryAnswer)
        /// The work was told to rest before its turn came.
        case unsent(key: String, endpoint: Int)
        case committed(nextDue: Timestamp?)
        case acknowledged
        /// The first parked event of each key that is due, and when the next one is.
        case due([ParkedEvent], nextDue: Timestamp?)
        /// The event that is the first of its key now; `nil` where the key is free, or rests.
        case settled(key: String, next: ParkedEvent?, isFree: Bool)
        case reported(Int)
        case waited(Wake)
        case failed(Step, FleetError)

        public var ending: MachineEnding<Step>? {
            switch self {
            case .opened: .success(.open)
            case .closed: .success(.close)
            case .read: .success(.read)
            case .committed: .success(.commit)
            case .acknowledged: .success(.acknowledge)
            case .due: .success(.findDue)
            case .settled(let key, _, _): .success(.settle(key: key))
            case .reported(let endpoint): .success(.report(endpoint))
            case .answered, .unsent, .waited: nil
            case .failed(let step, let error): .failure(step, error)
            }
        }
    }

    public struct Opening: Sendable {
        /// How far the store says that the subscription is.
        public var position: LogPosition
        public var heldKeys: Set<String>
        /// When the next parked event is to be tried again.
        public var nextDue: Timestamp?

        public init(position: LogPosition, heldKeys: Set<String>, nextDue: Timestamp?) {
            self.position = position
            self.heldKeys = heldKeys
            self.nextDue = nextDue
        }
    }

    /// A step of the cursor.
    public struct Commit: Sendable {
        /// Where the cursor must be.
        public var from: LogPosition
        /// The last record that it moves over.
        public var last: LogRecord
        /// How many records it moves over.
        public var count: Int
        /// What is parked, in order.
        public var parked: [Parked]
    }

    /// A record that goes into the table of parked events.
    public struct Parked: Sendable {
        public var record: LogRecord
        /// Why; `nil` where it waits behind another of its key.
        public var failure: FleetError?
        /// Whether it is tried again by itself.
        public var isRetried: Bool
    }

    /// What became of a parked event that was sent again.
    public enum Settlement: Sendable {
        case delivered
        /// - Parameter isFinal: whether it is not tried again by itself.
        case failed(FleetError, isFinal: Bool)
        /// It was not the event's fault: that attempt does not count.
        case postponed(FleetError)
    }
}
