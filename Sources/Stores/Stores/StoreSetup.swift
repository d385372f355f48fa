public import FleetCore

/// What a fleet needs in one service's store.
public struct StoreNeeds: Sendable {
    /// The service's outbox, where it publishes.
    public var outbox: OutboxNeeds?
    public var views: [ViewNeeds]
    /// Whether events are pushed to the service: the cursor and the parked events of that are in its store.
    public var isPushedTo: Bool
    /// Further tables of Flotilla's own.
    public var tables: [TableNeeds]

    public init(outbox: OutboxNeeds?, views: [ViewNeeds], isPushedTo: Bool = false, tables: [TableNeeds] = []) {
        self.outbox = outbox
        self.views = views
        self.isPushedTo = isPushedTo
        self.tables = tables
    }
}

/// Tables that belong together, and are made together. They stay where they are not needed any more.
public struct TableNeeds: Sendable, Hashable {
    /// What they are for: "the journal of sagas".
    public var purpose: String
    /// One of them: where it is, all are.
    public var table: String
    /// Makes them.
    public var script: String

    public init(purpose: String, table: String, script: String) {
        self.purpose = purpose
        self.table = table
        self.script = script
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
    /// What differs, and `apply` leaves alone: each with what to do about it.
    public var notices: [String]

    public init(steps: [SetupStep] = [], notices: [String] = []) {
        self.steps = steps
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
