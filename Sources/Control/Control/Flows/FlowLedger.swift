import FleetCore
public import FleetFile
import FlowModel
import Flows
import Stores

/// Looks at the runs of a fleet's flows, whether the fleet runs or not, and forgets some.
public struct FlowLedger: Sendable {
    /// Which runs are meant.
    public enum Selection: String, Sendable, CaseIterable {
        case unstarted, running, stuck, ended, failed
        case outOfOrder = "out-of-order"
        case late

        var filter: FlowFilter {
            switch self {
            case .outOfOrder: FlowFilter(isOutOfOrder: true)
            case .late: FlowFilter(isLate: true)
            default: FlowFilter(status: FlowStatus(rawValue: rawValue))
            }
        }
    }

    private let fleet: FleetDefinition

    public init(_ fleet: FleetDefinition) {
        self.fleet = fleet
    }

    /// Runs of a flow, or of all, those first that changed last.
    /// - Parameter limit: of each flow.
    /// - Throws: `invalidInput` where there is no such flow; `notApplied`.
    public func list(_ flow: String?, _ selection: Selection?, limit: Int) async throws -> [FlowAccount] {
        let flows = try flow.map { [try fleet.flow(named: $0)] } ?? fleet.flows
        guard !flows.isEmpty else { return [] }
        let filter = selection?.filter ?? FlowFilter()
        return try await read { transaction in
            try flows.flatMap { flow in
                try FlowJournal(flow.name).list(filter, limit: limit, in: transaction).map { FlowAccount($0, flow) }
            }
        }
    }

    /// A run of a flow.
    /// - Throws: `invalidInput` where there is no such flow or run, with the nearest name.
    public func show(_ name: String, _ key: String) async throws -> FlowAccount {
        let flow = try fleet.flow(named: name)
        let journal = FlowJournal(flow.name)
        let (state, keys) = try await read { transaction in
            let state = try journal.state(of: key, in: transaction)
            return (state, state == nil ? try journal.keys(limit: Self.nearestLimit, in: transaction) : [])
        }
        if let state { return FlowAccount(state, flow) }
        throw missing(flow, key, keys)
    }

    /// Forgets one run of a flow, or all of them with how far the streams were read.
    /// - Returns: what was forgotten, for people.
    public func forget(_ name: String, _ key: String?) async throws -> String {
        let flow = try fleet.flow(named: name)
        guard let key else {
            if let holder = try await holder() {
                throw FleetError(
                    .busy, "the fleet is carried by \(holder)",
                    remedy: "stop it, forget the flow, `flotilla apply`, and start it again")
            }
            try await write { try FlowJournal.forget(flow.name, in: $0) }
            return "flow \(name), with all its runs; `flotilla apply` has it watched anew"
        }
        let journal = FlowJournal(flow.name)
        let keys = try await write { transaction in
            try journal.remove(key, in: transaction)
                ? nil : try journal.keys(limit: Self.nearestLimit, in: transaction)
        }
        if let keys { throw missing(flow, key, keys) }
        return "the run \(key) of flow \(name)"
    }

    /// Among so many keys the nearest is looked for.
    private static let nearestLimit = 1_000

    private func missing(_ flow: FlowDefinition, _ key: String, _ keys: [String]) -> FleetError {
        FleetError(
            .invalidInput, "flow \(flow.name) has no run \(key), or has forgotten it",
            remedy: NearestName.of(key, in: keys).map { "did you mean \($0)?" }
                ?? "`flotilla flows list` shows those that there are")
    }

    private func holder() async throws -> String? {
        let state = Connectors.state(of: fleet)
        do {
            let holder = try await state.holder()
            await state.close()
            return holder
        } catch {
            await state.close()
            throw error
        }
    }

    private func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result {
        try await withJournal { try await $0.read(body) }
    }

    private func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result {
        try await withJournal { try await $0.write(body) }
    }

    private func withJournal<Result>(_ body: (any Store) async throws -> Result) async throws -> Result {
        guard let journal = fleet.flowJournal else {
            throw FleetError(.invalidInput, "\(fleet.file) has no flows", remedy: "declare one under `flows`")
        }
        // What is not applied is told as such, and not as a missing file or table.
        let plan = try await Connectors.setup(of: journal, in: fleet).plan(journal.needs)
        guard plan.steps.isEmpty else {
            throw FleetError(
                .notApplied, "the flows are not as \(fleet.file) declares them",
                remedy: "run `flotilla apply \(fleet.file)`")
        }
        return try await Connectors.with(try Connectors.store(of: journal, in: fleet), body)
    }
}
