public import FleetCore

/// A fleet's own state in a store that several processes reach: who carries the fleet, and what that process says of
/// itself to the others.
///
/// One process at a time has the lease. It ends by itself where it is not renewed, so that a process which hangs, or a
/// machine that is gone, holds nobody up; whoever takes it then has a higher ``Lease/epoch``, by which brokers and stores
/// tell what an earlier holder still tries (https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
public protocol StateStore: Sendable {
    /// What may be shown of where the state is; never a secret.
    var name: String { get }

    /// What `apply` would do. Changes nothing.
    func plan() async throws -> SetupPlan

    /// Makes it so. Safe to run again.
    func apply() async throws -> SetupPlan

    /// Takes the lease.
    /// - Throws: `busy` (retriable) where another has it, naming it.
    func takeLease(as holder: LeaseHolder, for duration: Duration) async throws -> Lease

    /// Holds on to the lease for `duration` from now.
    /// - Throws: `fenced` where another has taken it since.
    func renew(_ lease: Lease, for duration: Duration) async throws

    /// Lets go of the lease, so that the next need not wait for its end. Nothing happens where another has it.
    func release(_ lease: Lease) async throws

    /// Who has the lease; `nil` where nobody does.
    func holder() async throws -> String?

    /// Keeps what the holder says of itself.
    /// - Throws: `fenced` where another has taken the lease since.
    func save(_ record: String, under lease: Lease) async throws

    /// What the last holder said of itself; `nil` where there was none.
    func record() async throws -> String?

    /// What operators have told parts of the fleet, in the order of their names.
    func flow() async throws -> [FlowEntry]

    /// Notes that a part of the fleet is paused.
    /// - Returns: whether it was not before; nothing is changed where it was.
    func pause(_ subject: String, reason: String?, at now: Timestamp) async throws -> Bool

    /// Notes that a part of the fleet goes on.
    /// - Returns: whether it was paused.
    func resume(_ subject: String) async throws -> Bool

    /// Has a part of the fleet begin anew from what its store says.
    func restart(_ subject: String) async throws

    func close() async
}

/// The right to carry a fleet, for a time.
public struct Lease: Sendable, Hashable {
    /// Grows with each holder.
    public var epoch: Int64
    /// ``LeaseHolder/process`` of whoever had it before, and did not let go of it.
    public var predecessor: String?

    public init(epoch: Int64, predecessor: String? = nil) {
        self.epoch = epoch
        self.predecessor = predecessor
    }
}

/// Who has a lease.
public struct LeaseHolder: Sendable, Hashable {
    /// How others are told.
    public var name: String
    /// Names one process of one machine for ever; empty where that is not known.
    public var process: String

    public init(name: String, process: String = "") {
        self.name = name
        self.process = process
    }
}
