import FleetCore
import FleetFile
import SagaModel
import Sagas
import Stores

/// A journal of a fleet's sagas: where it is, and whose sagas are in it.
struct SagaPlace: Sendable {
    /// The service in whose store the journal is; for the fleet's own state something that looks like one.
    let host: ServiceDefinition
    /// Whether the journal is in the fleet's own state.
    let isOwn: Bool
    let sagas: [SagaDeclaration]
    /// Who reads the events that sagas of the journal need.
    let subscription: SubscriptionName
    /// Services whose events those are.
    let sources: [ServiceName]

    /// How it is called, for people: `sagas`, or `sagas in orders`.
    var name: String { isOwn ? "sagas" : "sagas in \(host.name)" }

    static let journalTables = TableNeeds(
        purpose: "the journal of sagas", table: "flotilla_sagas", script: SagaJournalSchema.script)
    static let barrierTables = TableNeeds(
        purpose: "the steps of sagas", table: "flotilla_saga_steps", script: SagaBarrier.script)

    /// The runner of the fleet's sagas in the journal.
    func journal(of fleet: FleetName) -> SagaJournal { SagaJournal(runner: "fleet \(fleet)") }
}

extension FleetDefinition {
    /// The journals of the fleet's sagas, its own first.
    var sagaPlaces: [SagaPlace] {
        let own = sagas.filter { $0.journal == nil }
        var places = own.isEmpty ? [] : [place(in: stateHost, isOwn: true, own)]
        for service in services {
            let declared = sagas.filter { $0.journal == service.name }
            if !declared.isEmpty { places.append(place(in: service, isOwn: false, declared)) }
        }
        return places
    }

    private func place(in host: ServiceDefinition, isOwn: Bool, _ sagas: [SagaDeclaration]) -> SagaPlace {
        let read = Set(sagas.flatMap { $0.definition.events.map(\.service) })
        return SagaPlace(
            host: host, isOwn: isOwn, sagas: sagas,
            subscription: SubscriptionName(service: host.name, name: SagaPlace.subscriptionName),
            sources: services.map(\.name).filter { read.contains($0.text) })
    }

    /// The fleet's own state, as a service would have a store.
    private var stateHost: ServiceDefinition {
        let path = "\(state.directory)/sagas.db"
        return ServiceDefinition(
            name: SagaPlace.ownHost,
            store: state.store ?? StoreAddress(scheme: "sqlite", text: path, description: "sqlite:\(path)"),
            location: SourceLocation(file: file, line: 1, column: 1))
    }

    /// The definitions of sagas that have not ended, by the names of their journals.
    func sagasInUse() async throws -> [String: [SagaDefinition]] {
        var definitions: [String: [SagaDefinition]] = [:]
        for place in sagaPlaces {
            let journal = place.journal(of: name)
            definitions[place.name] = try await Connectors.withStore(of: place.host) { store in
                try await store.read { try journal.definitionsInUse(in: $0) }
            }
        }
        return definitions
    }

    /// Tables of sagas in a service's store.
    func sagaTables(of service: ServiceName) -> [TableNeeds] {
        var tables: [TableNeeds] = []
        if sagas.contains(where: { $0.journal == service }) { tables.append(SagaPlace.journalTables) }
        let isStranger = sagas.contains { saga in
            saga.journal != service && saga.statements.contains { $0.service == service }
        }
        if isStranger { tables.append(SagaPlace.barrierTables) }
        return tables
    }
}

extension SagaPlace {
    /// How the fleet's own state is called among services.
    static let ownHost = ServiceName(unchecked: "flotilla")
    /// The name of the subscription within its host.
    static let subscriptionName = "sagas"

    var needs: StoreNeeds { StoreNeeds(outbox: nil, views: [], tables: [Self.journalTables]) }
}
