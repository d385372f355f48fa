import FleetCore
import FleetFile
import Foundation
import Stores

/// What a fleet keeps of the work of one of its patterns, in its own state and apart from its services' stores: an SQLite file
/// in the state directory, or, where the state is in PostgreSQL, a schema of the fleet's own beside that of the state.
///
/// It is a ``Store`` as any other, with Flotilla's own tables: subscriptions, their inbox and what they park commit there
/// with the journal's entries.
struct FleetJournal: Sendable {
    /// What it is of; the file's name.
    let name: String
    /// Its tables, and how they came to be: ``JournalNeeds/migrations``.
    let migrations: [String]
    /// What is kept in it besides its tables: what is noted there differs from the fleet file in these steps.
    var entryPlan: @Sendable (any StoreTransaction) throws -> [String] = { _ in [] }
    /// The same where the tables are not there yet.
    var firstEntries: [String] = []
    /// Throws `gap` where a journal that is not there was lost. Asked before its tables are made.
    var refuseLoss: @Sendable () async throws -> Void = {}
    /// Makes what is noted there as the fleet file has it.
    var noteEntries: @Sendable (any StoreTransaction) throws -> Void = { _ in }

    var needs: StoreNeeds {
        StoreNeeds(outbox: nil, views: [], journals: [JournalNeeds(name: name, migrations: migrations)])
    }
}

/// Makes a journal's place, the journal, and what is noted in it from the beginning.
struct FleetJournalSetup: StoreSetup {
    let journal: FleetJournal
    let setup: any StoreSetup
    /// `nil` where the journal is in no directory.
    let directory: String?
    let open: @Sendable () throws -> any Store

    var name: String { setup.name }

    func plan(_ needs: StoreNeeds) async throws -> SetupPlan {
        var plan = try await setup.plan(needs)
        if plan.steps.isEmpty {
            let entryPlan = journal.entryPlan
            plan.steps += try await withStore { try await $0.read { try entryPlan($0) } }.map { SetupStep($0) }
        } else {
            if await !isThere { try await journal.refuseLoss() }
            plan.steps += journal.firstEntries.map { SetupStep($0) }
        }
        return plan
    }

    /// Whether its tables are there, be they of an older version.
    private var isThere: Bool {
        get async {
            let entryPlan = journal.entryPlan
            return (try? await withStore { try await $0.read { try entryPlan($0) } }) != nil
        }
    }

    func apply(_ needs: StoreNeeds) async throws -> SetupPlan {
        if await !isThere { try await journal.refuseLoss() }
        if let directory {
            do {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            } catch {
                throw FleetError(
                    .unavailable, "\(directory) cannot be made",
                    remedy: "check the permissions of the directory above it", underlying: error.localizedDescription)
            }
        }
        var plan = try await setup.apply(needs)
        let (entryPlan, noteEntries) = (journal.entryPlan, journal.noteEntries)
        let steps = try await withStore { store in
            let steps = try await store.read { try entryPlan($0) }
            if !steps.isEmpty { try await store.write { try noteEntries($0) } }
            return steps
        }
        plan.steps += steps.map { SetupStep($0) }
        return plan
    }

    private func withStore<Result>(_ body: (any Store) async throws -> Result) async throws -> Result {
        try await Connectors.with(try open(), body)
    }
}

extension FleetDefinition {
    /// What the fleet keeps journals of.
    var journals: [FleetJournal] { [flowJournal, sagaJournal, objectiveJournal].compactMap(\.self) }

    /// The file of a journal; of no use where the state is in a store.
    func file(of journal: FleetJournal) -> String { "\(state.directory)/\(journal.name).sqlite" }

    /// The schema of a fleet's journals, beside that of the state. No fleet file can name such a schema, as there is a dash in
    /// it, and no two fleets have the same.
    var journalSchema: String {
        let schema = "\(state.store?.schema ?? "flotilla")-\(name)"
        if schema.utf8.count <= Self.schemaLimit { return schema }
        // A server cuts longer names off.
        let hash = schema.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0100_0000_01B3 }
        return "\(schema.prefix(Self.schemaLimit - 17))-\(String(hash, radix: 16))"
    }

    private static let schemaLimit = 63
}
