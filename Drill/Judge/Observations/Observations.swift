public import FleetCore

/// What stores and broker hold once a fleet has healed and nothing is pending.
public struct Observations: Sendable {
    /// By service: what its own store says was committed there. A service without one may have committed what its writers
    /// know no outcome of, or not.
    public var journals: [String: [JournalRow]] = [:]
    /// By service: its records in the broker, in their order.
    public var streams: [String: [StreamRecord]] = [:]
    public var views: [ViewState] = []
    public var parked: [ParkedRecord] = []
    public var outboxes: [OutboxState] = []
    public var sagas = SagaObservations()

    public init() {}
}

/// A row that a transaction wrote beside its event, in the service's own store.
public struct JournalRow: Sendable, Hashable {
    public var transaction: String
    public var event: EventID
    public var key: String
    public var version: Int

    public init(transaction: String, event: EventID, key: String, version: Int) {
        self.transaction = transaction
        self.event = event
        self.key = key
        self.version = version
    }
}

/// A record of a stream.
public struct StreamRecord: Sendable, Hashable {
    public var event: EventID
    public var key: String

    public init(event: EventID, key: String) {
        self.event = event
        self.key = key
    }
}

/// What a view holds.
public struct ViewState: Sendable {
    /// An application of an event, as the view's ledger noted it.
    public struct Application: Sendable, Hashable {
        public var service: String
        public var event: EventID
        public var key: String
        public var version: Int

        public init(service: String, event: EventID, key: String, version: Int) {
            self.service = service
            self.event = event
            self.key = key
            self.version = version
        }
    }

    public var name: String
    /// In the order in which they were made.
    public var applications: [Application]
    public var folds: [Fold.Place: Fold]

    public init(name: String, applications: [Application], folds: [Fold.Place: Fold]) {
        self.name = name
        self.applications = applications
        self.folds = folds
    }
}

/// What a view makes of the events of one key: it depends on each of them, on their number and on their order.
public struct Fold: Sendable, Hashable {
    public struct Place: Sendable, Hashable, Comparable {
        public var service: String
        public var key: String

        public init(service: String, key: String) {
            self.service = service
            self.key = key
        }

        public static func < (left: Place, right: Place) -> Bool {
            (left.service, left.key) < (right.service, right.key)
        }
    }

    public static let factor = 31
    public static let modulus = 1_000_003

    /// The version of the last event.
    public var last: Int
    public var count: Int
    public var sum: Int

    public init(last: Int, count: Int, sum: Int) {
        self.last = last
        self.count = count
        self.sum = sum
    }

    /// Of events, in order.
    public init?(_ versions: some Sequence<Int>) {
        var fold: Fold?
        for version in versions {
            let known = fold ?? Fold(last: 0, count: 0, sum: 0)
            fold = Fold(
                last: version, count: known.count + 1, sum: (known.sum * Fold.factor + version) % Fold.modulus)
        }
        guard let fold else { return nil }
        self = fold
    }
}

/// An event that lies in a store, parked or waiting behind one that is.
public struct ParkedRecord: Sendable, Hashable {
    public enum Place: Sendable, Hashable {
        case outbox
        case view(String)
    }

    public var place: Place
    public var service: String
    public var event: EventID
    public var key: String
    /// Why; `nil` where it waits behind another.
    public var reason: String?

    public init(place: Place, service: String, event: EventID, key: String, reason: String?) {
        self.place = place
        self.service = service
        self.event = event
        self.key = key
        self.reason = reason
    }
}

/// What is left at a service's outbox.
public struct OutboxState: Sendable, Hashable {
    public var service: String
    /// Events that are not in the broker.
    public var pending: Int
    /// What the store's server keeps of its log for it, and the bound, in bytes.
    public var retained: Int?
    public var retainedBound: Int?

    public init(service: String, pending: Int, retained: Int? = nil, retainedBound: Int? = nil) {
        self.service = service
        self.pending = pending
        self.retained = retained
        self.retainedBound = retainedBound
    }
}
