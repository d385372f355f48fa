import FleetCore
import FleetFile
import Foundation
import SQLiteConnection
import ServiceLifecycle
import Stores
import Synchronization

/// A fleet's own state: who carries the fleet, and what that process says of itself to others.
protocol FleetState: Sendable {
    /// Takes hold of the fleet.
    /// - Throws: `busy`, naming who holds it; retriable where that may be waited for.
    func hold() async throws -> any FleetHold

    /// Who carries the fleet; `nil` where nobody does.
    func holder() async throws -> String?

    /// What the last run said of itself; `nil` where there was none.
    func record() async throws -> RunRecord?

    /// What operators have told parts of the fleet, in the order of their names.
    func flow() async throws -> [FlowEntry]

    /// - Returns: whether it was not paused before; nothing is changed where it was.
    func pause(_ subject: String, reason: String?) async throws -> Bool

    /// - Returns: whether it was paused.
    func resume(_ subject: String) async throws -> Bool

    /// Has a part of the fleet begin anew from what its store says.
    func restart(_ subject: String) async throws

    func close() async
}

/// The right of one process to carry a fleet.
protocol FleetHold: Sendable {
    /// Grows with each holder; `nil` where the system itself lets no second one in.
    var epoch: Int64? { get }

    /// Who held it before and did not let go of it.
    var predecessor: ProcessIdentity? { get }

    /// Holds on.
    /// - Throws: `fenced` where the hold is lost.
    func confirm() async throws

    /// Holds on until the task is cancelled.
    /// - Throws: `fenced` where the hold is lost.
    func keep() async throws

    func save(_ record: RunRecord) async throws

    func release() async
}

/// Who holds a fleet, for people.
enum FleetHolder {
    static var ownName: String { "\(shortName), since \(Timestamp.now())" }
    static var shortName: String { "process \(getpid()) on \(ProcessInfo.processInfo.hostName)" }
}

/// Ends the fleet's work where the hold on it is lost.
struct HoldKeeper: Service {
    let hold: any FleetHold

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await hold.keep()
            } catch  where Task.isCancelled {
                // Told to end.
            }
        }
    }
}

// MARK: In a directory

/// State in a directory, for the processes of one machine. One process holds it, and others are refused.
struct DirectoryState: FleetState {
    let directory: String

    func hold() async throws -> any FleetHold {
        DirectoryHold(lock: try FleetLock(directory: directory), directory: directory)
    }

    func holder() async throws -> String? {
        try FileAccess.check("\(directory)/run.lock")
        return FleetLock.holder(of: directory)
    }

    func record() async throws -> RunRecord? {
        try FileAccess.check("\(directory)/run.lock")
        return RunRecord.read(from: directory)
    }

    func flow() async throws -> [FlowEntry] { try FlowFile(directory: directory).read() }

    func pause(_ subject: String, reason: String?) async throws -> Bool {
        try await FlowFile(directory: directory).change(subject) { entry in
            guard entry.pausedSince == nil else { return false }
            (entry.pausedSince, entry.reason) = (.now(), reason)
            return true
        }
    }

    func resume(_ subject: String) async throws -> Bool {
        try await FlowFile(directory: directory).change(subject) { entry in
            guard entry.pausedSince != nil else { return false }
            (entry.pausedSince, entry.reason) = (nil, nil)
            return true
        }
    }

    func restart(_ subject: String) async throws {
        _ = try await FlowFile(directory: directory).change(subject) { entry in
            entry.restarts += 1
            return true
        }
    }

    func close() async {}
}

private struct DirectoryHold: FleetHold {
    let lock: FleetLock
    let directory: String

    var epoch: Int64? { nil }
    var predecessor: ProcessIdentity? { nil }
    func confirm() async throws {}

    func keep() async throws {
        while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
    }

    func save(_ record: RunRecord) async throws { try record.write(to: directory) }
    func release() async { withExtendedLifetime(lock) {} }
}

// MARK: In a store

/// State in a store that several processes reach. One of them carries the fleet, and the others wait for it to end, or to
/// hang.
struct SharedState: FleetState {
    let store: any StateStore

    /// How long a holder that says nothing keeps its hold.
    static let leaseDuration = Duration.seconds(3)
    static let renewalInterval = Duration.milliseconds(750)

    func hold() async throws -> any FleetHold {
        let holder = LeaseHolder(name: FleetHolder.ownName, process: ProcessIdentity.own?.description ?? "")
        let asked = ContinuousClock.now
        let lease = try await store.takeLease(as: holder, for: Self.leaseDuration)
        return SharedHold(store: store, lease: lease, until: asked + Self.leaseDuration)
    }

    func holder() async throws -> String? { try await store.holder() }

    func record() async throws -> RunRecord? {
        try await store.record().flatMap { try? JSONDecoder().decode(RunRecord.self, from: Data($0.utf8)) }
    }

    func flow() async throws -> [FlowEntry] { try await store.flow() }

    func pause(_ subject: String, reason: String?) async throws -> Bool {
        try await store.pause(subject, reason: reason, at: .now())
    }

    func resume(_ subject: String) async throws -> Bool { try await store.resume(subject) }
    func restart(_ subject: String) async throws { try await store.restart(subject) }
    func close() async { await store.close() }
}

private final class SharedHold: FleetHold {
    private let store: any StateStore
    private let lease: Lease
    /// The end of what is surely ours. The server's clock began to count later.
    private let end: Mutex<ContinuousClock.Instant>

    init(store: any StateStore, lease: Lease, until end: ContinuousClock.Instant) {
        self.store = store
        self.lease = lease
        self.end = Mutex(end)
    }

    var epoch: Int64? { lease.epoch }
    var predecessor: ProcessIdentity? { lease.predecessor.flatMap { ProcessIdentity($0) } }

    func confirm() async throws {
        let asked = ContinuousClock.now
        do {
            try await store.renew(lease, for: SharedState.leaseDuration)
        } catch let error as FleetError where error.code != .fenced {
            // It is ours until another may take it.
            guard ContinuousClock.now < end.withLock({ $0 }) else {
                throw FleetError(
                    .fenced, "the fleet's state cannot be reached, and another may carry it by now (\(error.message))")
            }
            throw error
        }
        end.withLock { $0 = max($0, asked + SharedState.leaseDuration) }
    }

    func keep() async throws {
        while true {
            try await Task.sleep(for: SharedState.renewalInterval)
            do {
                try await confirm()
            } catch let error as FleetError where error.code != .fenced && !Task.isCancelled {
                // Tried again, as long as it is ours.
            }
        }
    }

    func save(_ record: RunRecord) async throws {
        try await store.save(String(decoding: JSONEncoder().encode(record), as: UTF8.self), under: lease)
    }

    func release() async {
        // Where it fails, the lease ends by itself.
        try? await store.release(lease)
    }
}
