import FleetCore
import FleetFile
import Foundation
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

    static let journalName = "sagas"
    /// What became of steps in a store that the journal is not in.
    static let stepsName = "saga steps"

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

    /// Where journals may be of sagas that the file declared once: it declares none there now.
    var formerSagaPlaces: [SagaPlace] {
        func isThere(_ host: ServiceDefinition) -> Bool {
            !host.store.isSQLite || FileManager.default.fileExists(atPath: host.store.text)
        }
        let own = sagas.contains { $0.journal == nil } ? [] : [place(in: stateHost, isOwn: true, [])]
        let hosts = services.filter { service in !sagas.contains { $0.journal == service.name } }
        return (own + hosts.map { place(in: $0, isOwn: false, []) }).filter { isThere($0.host) }
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
        let path = file(of: FleetJournal(name: SagaPlace.journalName, migrations: SagaJournalSchema.migrations))
        var address = StoreAddress(scheme: "sqlite", text: path, description: "sqlite:\(path)")
        if let store = state.store {
            address = store
            address.schema = journalSchema
        }
        return ServiceDefinition(
            name: SagaPlace.ownHost, store: address, location: SourceLocation(file: file, line: 1, column: 1))
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

    /// The journal of the sagas that have it in the fleet's own state; `nil` where there are none.
    var sagaJournal: FleetJournal? {
        guard sagas.contains(where: { $0.journal == nil }) else { return nil }
        return FleetJournal(name: SagaPlace.journalName, migrations: SagaJournalSchema.migrations)
    }

    /// What sagas need in a service's store.
    func sagaJournals(in service: ServiceName) -> [JournalNeeds] {
        var journals: [JournalNeeds] = []
        if sagas.contains(where: { $0.journal == service }) {
            journals.append(JournalNeeds(name: SagaPlace.journalName, migrations: SagaJournalSchema.migrations))
        }
        if hasSagaSteps(in: service) {
            journals.append(JournalNeeds(name: SagaPlace.stepsName, migrations: SagaBarrier.migrations))
        }
        return journals
    }

    /// Whether sagas work in a service's store whose journal is elsewhere.
    func hasSagaSteps(in service: ServiceName) -> Bool {
        sagas.contains { saga in saga.journal != service && saga.statements.contains { $0.service == service } }
    }
}

extension SagaPlace {
    /// How the fleet's own state is called among services.
    static let ownHost = ServiceName(unchecked: "flotilla")
    /// The name of the subscription within its host.
    static let subscriptionName = "sagas"
}
