public import FleetCore
public import FleetFile
import SQLiteConnection
import Stores

/// Writes one outbox row, as a service would: for trying things out.
public enum Publisher {
    /// - Returns: the event's id.
    /// - Throws: `invalidInput` for an event that the service does not publish, or a payload that is not JSON or too
    ///   large; `notApplied` where there is no outbox yet.
    public static func publish(
        _ type: String, from serviceName: String, key: String, payload: String, in fleet: FleetDefinition
    ) async throws -> EventID {
        let service = try fleet.service(named: serviceName)
        guard !type.isEmpty else {
            throw FleetError(
                .invalidInput, "the event has no type", remedy: "name one that \(service.name) publishes")
        }
        guard service.publishes.contains(type) else { throw unknown(type, of: service, in: fleet) }
        let bytes = Array(payload.utf8)
        do {
            try JSONDocument.validate(bytes)
        } catch {
            throw FleetError(
                .invalidInput, "--data is not JSON: \(error)", remedy: "quote it for the shell: --data '{\"a\": 1}'")
        }
        guard bytes.count <= service.outbox.maximumEventSize.value else {
            throw FleetError(
                .invalidInput,
                "--data is of \(ByteCount(bytes.count)), and the limit is \(service.outbox.maximumEventSize)",
                remedy: "raise outbox.max_event")
        }
        if service.store.isSQLite, !FileIdentity.exists(service.store.text) {
            try FileAccess.check(service.store.text)
            throw FleetError(
                .notApplied, "\(service.store.text), the store of \(service.name), is missing",
                remedy: "put it back, or, if it never existed, run `flotilla apply \(fleet.file)` first")
        }
        let setup = try await Connectors.setup(of: service).plan(fleet.storeNeeds(of: service))
        guard setup.steps.isEmpty else {
            throw FleetError(
                .notApplied, "\(service.name) is not set up yet", remedy: "run `flotilla apply \(fleet.file)` first")
        }
        let id = EventID.make()
        let event = OutgoingEvent(
            id: id, type: type, key: key, aggregateType: service.name.text, payload: payload,
            traceParent: fleet.telemetry?.wantsTraces == true ? TraceContext.begin().description : nil)
        try await Connectors.withStore(of: service) { store in
            try await store.write { try event.write(to: service, in: $0) }
        }
        return id
    }

    private static func unknown(_ type: String, of service: ServiceDefinition, in fleet: FleetDefinition) -> FleetError
    {
        guard case .listed(let types) = service.publishes, !types.isEmpty else {
            return FleetError(
                .invalidInput, "\(service.name) publishes nothing", remedy: "list \(type) under its `publishes`")
        }
        let known = types.map(\.text)
        return FleetError(
            .invalidInput, "\(service.name) does not publish \(type)",
            remedy: NearestName.of(type, in: known).map { "did you mean \($0)?" }
                ?? "it publishes \(known.joined(separator: ", ")); add \(type) to `publishes` in \(fleet.file)")
    }
}
