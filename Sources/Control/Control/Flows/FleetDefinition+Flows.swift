import Brokers
import FleetCore
import FleetFile
import FlowModel
import Flows
import Foundation
import Parking
import Stores
import Views

extension FlowDefinition {
    /// By which the flow's cursors are known. No service's subscription is called so: the name of none begins with `~`.
    var subscription: SubscriptionName {
        SubscriptionName(service: ServiceName(unchecked: "flows"), name: "~\(name)")
    }
}

extension FleetDefinition {
    /// - Throws: `invalidInput` where there is none, with the nearest name.
    func flow(named name: String) throws -> FlowDefinition {
        if let found = flows.first(where: { $0.name.text == name }) { return found }
        let known = flows.map(\.name.text)
        throw FleetError(
            .invalidInput, "\(file) has no flow \(name)",
            remedy: NearestName.of(name, in: known).map { "did you mean \($0)?" }
                ?? (known.isEmpty ? "declare one under `flows`" : "it has \(known.joined(separator: ", "))"))
    }

    /// The services whose streams a flow reads, each once.
    func sources(of flow: FlowDefinition) -> [ServiceName] {
        FlowPlan(flow).sources.map { ServiceName(unchecked: $0) }
    }

    /// One applier for each stream that a flow reads: what a view's statements do, the journal does.
    func appliers(of flow: FlowDefinition) -> [ViewApplier] {
        let plan = FlowPlan(flow)
        let intake = FlowIntake(plan)
        return plan.sources.map { source in
            let handlers = intake.types(of: source).map { type in
                (type: type, handler: { try intake.take($0, from: source, in: $1) } as EventHandler)
            }
            return ViewApplier(
                subscription: flow.subscription, stream: stream(of: ServiceName(unchecked: source)),
                program: ViewProgram(handlers: handlers), reader: .flow)
        }
    }

    /// The journal of the flows; `nil` where there is none, and none is needed.
    var flowJournal: FleetJournal? {
        let flows = flows
        var journal = FleetJournal(name: "flows", migrations: FlowJournalSchema.migrations)
        let wasNeeded = state.store == nil && FileManager.default.fileExists(atPath: file(of: journal))
        guard !flows.isEmpty || wasNeeded else { return nil }
        journal.firstEntries = flows.map { "watch flow \($0.name)" }
        journal.entryPlan = { try FlowEntries(flows).plan(in: $0) }
        journal.refuseLoss = { try await self.refuseLostFlows() }
        journal.noteEntries = { try FlowEntries(flows).note(in: $0) }
        return journal
    }
}

extension FleetDefinition {
    /// - Throws: `gap` where the broker knows that somebody has read streams for flows: the journal that knew what of them
    ///   there is not.
    fileprivate func refuseLostFlows() async throws {
        let broker = Connectors.broker(of: self)
        do {
            for flow in flows {
                for source in sources(of: flow) { try await refuseLoss(of: flow, from: source, broker) }
            }
        } catch {
            await broker.close()
            throw error
        }
        await broker.close()
    }

    private func refuseLoss(of flow: FlowDefinition, from source: ServiceName, _ broker: any Broker) async throws {
        let taken: LogPosition
        do {
            taken = try await broker.subscriptions(of: stream(of: source))[flow.subscription] ?? .start
        } catch let error as FleetError where [.missing, .notApplied].contains(error.code) {
            // Nobody reads a stream that is not there.
            return
        }
        guard taken == .start else {
            throw FleetError(
                .gap,
                "the journal of the flows is not the one that has taken the events of \(source) up to \(taken): it was lost"
                    + " or replaced, and with it where every flow stood",
                remedy:
                    "put it back from a backup; or take the flows out of \(file), apply, and put them in again: then they are"
                    + " watched anew")
        }
    }
}

/// What the journal notes of a fleet's flows from the beginning.
private struct FlowEntries {
    let flows: [FlowDefinition]

    init(_ flows: [FlowDefinition]) { self.flows = flows }

    func plan(in transaction: any StoreTransaction) throws -> [String] {
        var steps: [String] = []
        for flow in flows {
            guard let known = try FlowJournal(flow.name).watch(in: transaction) else {
                steps.append("watch flow \(flow.name)")
                continue
            }
            if known.definition != (try FlowJournal.text(flow)) {
                steps.append("judge flow \(flow.name), also where it runs, as it is declared now")
            }
        }
        return steps + (try undeclared(in: transaction)).map { "forget flow \($0), which is no longer declared" }
    }

    func note(in transaction: any StoreTransaction) throws {
        for flow in flows {
            let journal = FlowJournal(flow.name)
            if try journal.watch(in: transaction)?.definition != FlowJournal.text(flow) {
                try journal.setDefinition(flow, at: .now(), in: transaction)
            }
        }
        for name in try undeclared(in: transaction) {
            try FlowJournal.forget(FlowName(unchecked: name), in: transaction)
        }
    }

    private func undeclared(in transaction: any StoreTransaction) throws -> [String] {
        let declared = Set(flows.map(\.name.text))
        return try FlowJournal.known(in: transaction).filter { !declared.contains($0) }
    }
}

extension FlowJournal {
    /// Forgets a flow, its runs and how far it has read; where it is declared it begins anew.
    static func forget(_ name: FlowName, in transaction: any StoreTransaction) throws {
        try FlowJournal(name).removeAll(in: transaction)
        let subscription = "~\(name)"
        let numbers = "(SELECT number FROM flotilla_subscriptions WHERE name = $1)"
        try transaction.run("DELETE FROM flotilla_inbox WHERE subscription IN \(numbers)", [.text(subscription)])
        try transaction.run("DELETE FROM flotilla_subscriptions WHERE name = $1", [.text(subscription)])
        let place = Parking.Place.subscription(subscription).text
        try transaction.run("DELETE FROM flotilla_parked WHERE place = $1", [.text(place)])
    }
}
