import FleetCore
public import FleetFile
import Foundation
import SagaModel
import Sagas
import Stores

/// Sagas of a name that the fleet file does not declare in their journal any more, and that have not ended.
public struct UndeclaredSagas: Sendable, Hashable, Codable, CustomStringConvertible {
    public var saga: String
    /// How the journal is called, for people.
    public var journal: String
    public var running: Int
    public var compensating: Int
    public var parked: Int

    public var count: Int { running + compensating + parked }

    public var description: String {
        "\(count) of saga \(saga) \(count == 1 ? "has" : "have") not ended (\(journal)), and the file does not declare it"
            + " there any more: nobody sees to it that \(count == 1 ? "it ends" : "they end"); put it back until then"
    }
}

extension FleetDefinition {
    /// What journals hold of sagas that are not declared any more. Places that cannot be looked at are left out.
    public func undeclaredSagas() async -> [UndeclaredSagas] {
        // All at the same time: servers that do not answer are waited for once.
        await withTaskGroup(of: [UndeclaredSagas].self) { group in
            for place in sagaPlaces + formerSagaPlaces { group.addTask { await self.undeclaredSagas(at: place) } }
            var found: [UndeclaredSagas] = []
            for await some in group { found += some }
            return found.sorted { ($0.saga, $0.journal) < ($1.saga, $1.journal) }
        }
    }

    private func undeclaredSagas(at place: SagaPlace) async -> [UndeclaredSagas] {
        let journal = place.journal(of: name)
        let standings = try? await Connectors.withStore(of: place.host) { store in
            try await store.read { try journal.standings(in: $0) }
        }
        let declared = Set(place.sagas.map(\.definition.name.text))
        return (standings ?? [:]).filter { !declared.contains($0.key) }.map { saga, standing in
            UndeclaredSagas(
                saga: saga, journal: place.name, running: standing.open[.running] ?? 0,
                compensating: standing.open[.compensating] ?? 0, parked: standing.open[.parked] ?? 0)
        }
    }
}

extension SagaPlace {
    /// What of the journal's sagas began with a definition that the file does not have any more, in words. Nothing where the
    /// journal is not there yet.
    func olderDefinitions(in fleet: FleetDefinition) async -> [String] {
        let journal = journal(of: fleet.name)
        let definitions = sagas.map(\.definition)
        let found = try? await Connectors.withStore(of: host) { store in
            try await store.read { transaction in
                try definitions.map { try journal.change(to: $0, in: transaction) }
            }
        }
        return zip(definitions, found ?? []).flatMap { definition, change -> [String] in
            var notices: [String] = []
            if change.isNew {
                notices.append(
                    "saga \(definition.name) is declared otherwise than it was: sagas begin with what the file has now once"
                        + " `flotilla run` is started again")
            }
            if change.olderOpen > 0 {
                let (verb, pronoun) = change.olderOpen == 1 ? ("ends", "it") : ("end", "they")
                notices.append(
                    "\(change.olderOpen) of saga \(definition.name) \(verb) by the definition that \(pronoun) began with"
                )
            }
            return notices
        }
    }
}
