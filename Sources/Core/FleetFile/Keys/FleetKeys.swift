internal import FleetCore
internal import FlowModel
internal import Objectives

/// Reads the keys of the fleet itself.
struct FleetKeys {
    let values: ValueReader
    let storeSchemes: Set<String>
    let brokerEngines: Set<String>
    /// The file's directory, which relative paths start from.
    let directory: String
    /// Whether the fleet is to be carried: then an objective on a thing that does not exist is left out, and stops nothing.
    let isToRun: Bool

    /// The fleet, or `nil` where something is missing or wrong, which the log has.
    func read(_ root: YAMLNode) -> FleetDefinition? {
        guard !root.isEmpty else {
            values.log.error(at: root.mark, "the file is empty", remedy: ProblemLog.starter)
            return nil
        }
        let subject = "the fleet file"
        let known = [
            "version", "fleet", "broker", "state", "metrics", "page", "telemetry", "monitoring", "services", "sagas",
            "flows", "objectives", "alerts",
        ]
        guard let fields = values.fields(root, subject, known: known) else { return nil }
        checkVersion(fields["version"])
        let name = readName(fields, root)
        let broker = BrokerKeys(values: values, engines: brokerEngines, directory: directory).read(fields["broker"])
        let stores = StoreKeys(values: values, schemes: storeSchemes, directory: directory)
        let state = StateKeys(values: values, stores: stores, directory: directory).read(fields["state"])
        let (metrics, page) = readServing(fields)
        let telemetry = TelemetryKeys(values: values, directory: directory)
            .read(fields["telemetry"], isPageServed: fields["page"] != nil)
        let remedy = "add services: with one entry for each service"
        let entry = values.required("services", of: fields, root, subject, remedy: remedy)
        let read = entry.map { ServicesKeys(values: values, stores: stores, state: state).read($0) }
        let hasServers = read?.services.contains { $0.store.scheme != StoreKeys.sqlite } ?? true
        let monitoring = MonitoringKeys(values: values).read(fields["monitoring"], hasServers: hasServers)
        let flows = readFlows(fields["flows"], publishers: read?.publishers)
        let sagas = readSagas(fields["sagas"], publishers: read?.publishers)
        let (objectives, objectivesLeftOut) = readObjectives(fields["objectives"], read, sagas)
        let alerts = fields["alerts"].map { readAlerts($0, isNeeded: fields["objectives"] != nil) }
        guard let name, let broker, let state, let services = read?.services else { return nil }
        var definition = FleetDefinition(
            name: name, file: values.source.file, broker: broker, state: state.definition, metrics: metrics,
            page: page, telemetry: telemetry, monitoring: monitoring, services: services, sagas: sagas, flows: flows,
            objectives: objectives,
            alerts: alerts ?? AlertsDefinition())
        definition.objectivesLeftOut = objectivesLeftOut
        return definition
    }

    private func readServing(
        _ fields: [String: NamedValue]
    ) -> (metrics: ServingDefinition?, page: ServingDefinition?) {
        func read(_ name: String, _ port: Int) -> ServingDefinition? {
            ServingKeys(values: values, directory: directory, usualPort: port).read(fields[name])
        }
        let metrics = read("metrics", ServingKeys.metricsPort)
        let page = read("page", ServingKeys.pagePort)
        if let field = fields["page"], let metrics, let page, page.port != 0, page.port == metrics.port,
            page.host == metrics.host
        {
            values.log.error(
                at: field.value.mark, "\"page\" and \"metrics\" listen at the same address",
                remedy: "give one of them another port")
        }
        return (metrics, page)
    }

    private func readSagas(_ field: NamedValue?, publishers: Publishers?) -> [SagaDeclaration] {
        guard let field, let publishers else { return [] }
        return SagasKeys(values: values, publishers: publishers).read(field)
    }

    /// - Parameter publishers: `nil` where the services are not there; nothing can be said of events then.
    private func readFlows(_ field: NamedValue?, publishers: Publishers?) -> [FlowDefinition] {
        guard let field, let publishers else { return [] }
        return FlowsKeys(values: values, publishers: publishers).read(field)
    }

    private func readObjectives(
        _ field: NamedValue?, _ read: (services: [ServiceDefinition], publishers: Publishers?)?,
        _ sagas: [SagaDeclaration]
    ) -> (objectives: [Objective], leftOut: Set<String>) {
        guard let field, let read, let publishers = read.publishers else { return ([], []) }
        return ObjectivesKeys(
            values: values, publishers: publishers, services: read.services, sagas: sagas, isToRun: isToRun
        ).read(field)
    }

    private func readAlerts(_ field: NamedValue, isNeeded: Bool) -> AlertsDefinition {
        if !isNeeded {
            let message = "there is \"alerts\", and no \"objectives\" to alert of"
            let remedy = "add objectives:, or remove it once the end of former alerts was told"
            values.log.warning(at: field.mark, message, remedy: remedy)
        }
        return AlertsKeys(values: values).read(field)
    }

    private func readName(_ fields: [String: NamedValue], _ root: YAMLNode) -> FleetName? {
        let remedy = "add fleet: and a name"
        guard let field = values.required("fleet", of: fields, root, "the fleet file", remedy: remedy),
            let read = values.text(field.value, "\"fleet\"")
        else { return nil }
        return values.name(read.text, shown: read.shown, at: read.mark, "a fleet")
    }

    private func checkVersion(_ field: NamedValue?) {
        guard let field, let version = values.text(field.value, "\"version\""), version.text != "1" else { return }
        let message = "this build reads version 1 of the fleet file, not \(version.shown)"
        values.log.error(at: version.mark, message, remedy: "write version: 1, or remove it")
    }
}
