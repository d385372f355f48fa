public import FleetCore

/// What a fleet needs in one service's store.
public struct StoreNeeds: Sendable {
    /// The service's outbox, where it publishes.
    public var outbox: OutboxNeeds?
    public var views: [ViewNeeds]
    /// Whether events are pushed to the service: the cursor and the parked events of that are in its store.
    public var isPushedTo: Bool
    public var journals: [JournalNeeds]
    /// Who looks at the store's server; `nil` for nobody else than who works there.
    public var monitoring: MonitoringNeeds?

    public init(
        outbox: OutboxNeeds?, views: [ViewNeeds], isPushedTo: Bool = false, journals: [JournalNeeds] = [],
        monitoring: MonitoringNeeds? = nil
    ) {
        self.outbox = outbox
        self.views = views
        self.isPushedTo = isPushedTo
        self.journals = journals
        self.monitoring = monitoring
    }
}

/// A role that sees how a server is, and no data. No event needs it.
public struct MonitoringNeeds: Sendable, Hashable {
    public var role: String
    /// A secret; `nil` where the role comes in by other means.
    public var password: String?

    public init(role: String, password: String? = nil) {
        self.role = role
        self.password = password
    }
}

/// What a pattern needs in a store for a journal of its own.
public struct JournalNeeds: Sendable {
    /// What the journal is of: `flows`. Its tables stay where it is not needed any more.
    public var name: String
    /// Scripts in the dialect that SQLite and PostgreSQL share. Each takes the tables from the version before it to the
    /// next. Entries are never changed, only added.
    public var migrations: [String]

    public init(name: String, migrations: [String]) {
        self.name = name
        self.migrations = migrations
    }

    /// The table with the version of each journal in a store, in the dialect that SQLite and PostgreSQL share.
    public static let table = "flotilla_journals"
    /// Makes ``table``.
    public static let tableScript = """
        CREATE TABLE IF NOT EXISTS flotilla_journals (name TEXT PRIMARY KEY, version BIGINT NOT NULL)
        """

    /// What is to be done where the journal has a version; 0 where it is not there.
    /// - Parameter store: the store's name.
    /// - Throws: `invalidInput` where a newer Flotilla made it.
    public func step(from version: Int, store: String) throws -> SetupStep? {
        switch version {
        case migrations.count: return nil
        case 0: return SetupStep("create the journal of \(name)")
        case ..<migrations.count:
            return SetupStep("bring the journal of \(name) from version \(version) to \(migrations.count)")
        default:
            throw FleetError(
                .invalidInput, "\(store): the journal of \(name) was made by a newer Flotilla",
                remedy: "run that newer version")
        }
    }
}

/// What a fleet needs in a store for the service's outbox.
public struct OutboxNeeds: Sendable {
    public var table: TableName
    /// How long published rows stay.
    public var keep: Duration
    public var capture: CaptureMode
    /// Where its events go.
    public var stream: StreamName

    public init(table: TableName, keep: Duration = .zero, capture: CaptureMode = .poll, stream: StreamName) {
        self.table = table
        self.keep = keep
        self.capture = capture
        self.stream = stream
    }
}

/// What a fleet needs in a store for one view.
public struct ViewNeeds: Sendable {
    public var subscription: SubscriptionName
    /// DDL that creates the view's tables.
    public var schema: String

    public init(subscription: SubscriptionName, schema: String) {
        self.subscription = subscription
        self.schema = schema
    }
}

/// One thing that `apply` does to a store.
public struct SetupStep: Sendable, Hashable, CustomStringConvertible {
    /// What it changes, for people: "create table outbox".
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// How a store compares with what the fleet needs of it.
public struct SetupPlan: Sendable {
    /// What `apply` would do; empty if the store has all that is needed.
    public var steps: [SetupStep]
    /// What it would do at the server besides, which other stores share: each is done once, whichever comes first.
    public var sharedSteps: [SetupStep]
    /// What differs, and `apply` leaves alone: each with what to do about it.
    public var notices: [String]
    /// Whether Flotilla has never been in the store.
    public var isFirst: Bool

    public init(
        steps: [SetupStep] = [], sharedSteps: [SetupStep] = [], notices: [String] = [], isFirst: Bool = false
    ) {
        self.isFirst = isFirst
        self.steps = steps
        self.sharedSteps = sharedSteps
        self.notices = notices
    }
}

/// Compares a store with what the fleet needs there, and makes it so. Each store connector has one.
public protocol StoreSetup: Sendable {
    /// What may be shown of where the store is.
    var name: String { get }

    /// Looks, and changes nothing.
    /// - Throws: ``FleetError`` where the store cannot be used as it is: an outbox that is a view, lacks columns or
    ///   has columns of the wrong type; a file that is no database.
    func plan(_ needs: StoreNeeds) async throws -> SetupPlan

    /// Does the plan's steps, as planned anew, in one transaction where the store can. Safe to run again.
    func apply(_ needs: StoreNeeds) async throws -> SetupPlan

    /// Removes what ``apply(_:)`` made at the server to capture an outbox, and what would hold the server up once nobody
    /// captures any more. Tables stay.
    /// - Returns: what was done; empty where there was nothing.
    /// - Throws: `busy` where it is being captured.
    func removeCapture(_ needs: OutboxNeeds) async throws -> SetupPlan
}

extension StoreSetup {
    public func removeCapture(_ needs: OutboxNeeds) async throws -> SetupPlan { SetupPlan() }
}

/// Builds a view anew beside the old one. Each store connector has one.
public protocol ViewRebuild: Sendable {
    /// Makes an empty view in a place of its own, with an inbox and cursors of its own. What an earlier rebuild left
    /// there is removed.
    func begin() async throws -> any Store

    /// Puts the new view, its inbox, cursors and parked events in the place of the old one, in one transaction of the
    /// live store. The store of ``begin()`` must be closed.
    func swap() async throws

    /// Removes what ``begin()`` made.
    func abandon() async
}
