import FleetCore
import FleetFile
import SQLTemplate
import Views

extension FleetDefinition {
    /// One applier for each stream that a view reads.
    /// - Throws: `invalidInput` where a template does not scan; ``FleetCheck`` tells where.
    func appliers(of view: ViewDefinition, in service: ServiceDefinition) throws -> [ViewApplier] {
        let dialect = Connectors.dialect(of: service.store)
        return try view.sources.map { source in
            let reactions = try view.reactions.filter { $0.service == source }.map { reaction in
                do {
                    return (
                        type: reaction.type.text, template: try SQLTemplate(reaction.statements.text, dialect: dialect)
                    )
                } catch {
                    throw FleetError(
                        .invalidInput, "\(reaction.statements.location): \(error)",
                        remedy: "see `flotilla check \(file)`")
                }
            }
            return ViewApplier(
                subscription: SubscriptionName(service: service.name, view: view.name), stream: stream(of: source),
                program: ViewProgram(reactions))
        }
    }
}
