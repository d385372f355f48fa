import FleetCore
import FleetFile
import SQLTemplate
import SagaModel
import Sagas
import Signals
import Views

/// Whose statements a store's server runs: those of its service's views, and of sagas' steps there.
struct StatementOwners: Sendable {
    /// Who has a statement run for events.
    enum Owner: Sendable, Hashable {
        /// `service.view`.
        case reader(String)
        case saga(String)
    }

    private var owners: [String: [String: Owner]] = [:]

    init(_ fleet: FleetDefinition) {
        for service in fleet.services {
            for view in service.views {
                let owner = Owner.reader("\(SubscriptionName(service: service.name, view: view.name))")
                for reaction in view.reactions { add(reaction.statements.text, .event, of: owner, in: service) }
            }
        }
        for saga in fleet.sagas.map(\.definition) {
            for step in saga.allSteps {
                for case .sql(let sql) in [step.activity, step.compensation?.activity] {
                    guard let service = try? fleet.service(named: sql.service) else { continue }
                    let subject = SQLTemplate.Subject.document(parts: SagaFleetParties.parts)
                    add(sql.statements, subject, of: .saga(saga.name.text), in: service)
                }
            }
        }
    }

    private mutating func add(
        _ text: String, _ subject: SQLTemplate.Subject, of owner: Owner, in service: ServiceDefinition
    ) {
        let dialect = Connectors.dialect(of: service.store)
        // What cannot be read is not run.
        for statement in (try? SQLTemplate(text, dialect: dialect, subject: subject))?.statements ?? [] {
            guard let pattern = Connectors.pattern(of: statement.sql, in: service.store) else { return }
            owners[service.name.text, default: [:]][pattern] = owner
        }
    }

    /// - Parameter service: whose store runs it.
    func owner(of statement: StatementReading, in service: String) -> Owner? { owners[service]?[statement.pattern] }
}
