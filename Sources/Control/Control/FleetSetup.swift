import Brokers
public import FleetCore
public import FleetFile
import Stores

/// What `apply` would change, place by place.
public struct FleetPlan: Sendable {
    public struct Part: Sendable {
        /// A service with its store, or the broker.
        public var name: String
        public var steps: [String]
        public var notices: [String]
        /// Why the part cannot be set up; it stays as it is.
        public var failure: FleetError?
    }

    public var parts: [Part]

    public var isEmpty: Bool { parts.allSatisfy { $0.steps.isEmpty && $0.failure == nil } }
    public var failures: [FleetError] { parts.compactMap(\.failure) }
    public var notices: [String] { parts.flatMap(\.notices) }
}

/// Compares the fleet as it is with its file, and makes it so.
public enum FleetSetup {
    /// Looks, and changes nothing. What cannot be looked at is told in its part.
    public static func plan(_ fleet: FleetDefinition) async -> FleetPlan {
        await parts(of: fleet) { setup, needs, _ in
            try await setup.plan(needs)
        } broker: {
            try await Connectors.brokerSetup(of: fleet).plan($0)
        } state: {
            try await $0.plan()
        } sagas: {
            try await $0.plan()
        }
    }

    /// Makes it so, as far as it can be. Safe to run again.
    public static func apply(_ fleet: FleetDefinition) async -> FleetPlan {
        let plan = await applied(fleet)
        await HistoryFile.noteApply(plan, of: fleet)
        return plan
    }

    private static func applied(_ fleet: FleetDefinition) async -> FleetPlan {
        let schemas = await AppliedSchemas(fleet)
        defer { schemas.close() }
        return await parts(of: fleet) { setup, needs, service in
            guard let service else { return try await patiently { try await setup.apply(needs) } }
            return try await schemas.remembering(service) { try await patiently { try await setup.apply(needs) } }
        } broker: { needs in
            try await patiently { try await Connectors.brokerSetup(of: fleet).apply(needs) }
        } state: { store in
            try await patiently { try await store.apply() }
        } sagas: { sagas in
            try await patiently { try await sagas.apply() }
        }
    }

    /// Removes what would be left behind at a service's server once nobody captures its outbox any more: slot and
    /// publication.
    /// - Throws: `invalidInput` for a service that is not there; `busy` while the fleet runs.
    public static func removeCapture(of name: String, in fleet: FleetDefinition) async throws -> FleetPlan {
        let service = try fleet.service(named: name)
        let setup = Connectors.setup(of: service)
        let changes = try await setup.removeCapture(service.outboxNeeds(stream: fleet.stream(of: service.name)))
        return FleetPlan(parts: [
            FleetPlan.Part(
                name: "\(service.name) (\(setup.name))", steps: changes.steps.map(\.description),
                notices: changes.notices)
        ])
    }

    /// Makes a service's replication slot anew, where the server has lost it. The rows that are in its outbox are carried;
    /// what only the lost log held is not.
    /// - Throws: as ``removeCapture(of:in:)``, and what ``apply(_:)`` fails with.
    public static func replaceSlot(of name: String, in fleet: FleetDefinition) async throws -> FleetPlan {
        let service = try fleet.service(named: name)
        guard service.outbox.capture != .poll else {
            throw FleetError(
                .invalidInput, "\(service.name) has no replication slot: it is captured by poll",
                remedy: "name a service with capture: log or message")
        }
        var plan = try await removeCapture(of: name, in: fleet)
        let setup = Connectors.setup(of: service)
        let changes = try await patiently {
            try await setup.apply(fleet.storeNeeds(of: service))
        }
        plan.parts[0].steps += changes.steps.map(\.description)
        plan.parts[0].notices += changes.notices
        return plan
    }

    /// How long a lock that another writer holds is waited for.
    private static let patience = Duration.seconds(10)

    /// Tries again while another writer holds the lock, for a bounded time.
    private static func patiently<Result>(_ body: () async throws -> Result) async throws -> Result {
        let deadline = ContinuousClock.now + patience
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while true {
            do {
                return try await body()
            } catch let error as FleetError where error.waitingHelps && ContinuousClock.now < deadline {
                failures += 1
                try await Task.sleep(for: Backoff.standard.delay(afterFailures: failures, using: &random))
            }
        }
    }

    /// - Throws: `notApplied` where `apply` has something to do; `denied` where it would be refused; `gap`.
    public static func requireApplied(_ fleet: FleetDefinition) async throws {
        let plan = await parts(of: fleet, tellsOlder: false) { setup, needs, _ in
            // No event waits for who looks.
            var needs = needs
            needs.monitoring = nil
            return try await setup.plan(needs)
        } broker: {
            try await Connectors.brokerSetup(of: fleet).obstacles(to: $0)
        } state: {
            try await $0.plan()
        } sagas: {
            try await $0.plan()
        }
        // What is not here any more is not waited for.
        if let gone = plan.failures.first(where: { $0.code == .gap }) { throw gone }
        let missing = plan.parts.flatMap { part in part.steps.map { "\(part.name): \($0)" } }
        // `apply` would be refused as well.
        if !missing.isEmpty, let refusal = plan.failures.first(where: { $0.code == .denied }) { throw refusal }
        guard missing.isEmpty else {
            throw FleetError(
                .notApplied,
                "the fleet is not as \(fleet.file) declares it (\(missing.prefix(3).joined(separator: "; "))"
                    + (missing.count > 3 ? "; and \(missing.count - 3) more)" : ")"),
                remedy: "run `flotilla apply \(fleet.file)`, and then this again")
        }
    }

    /// - Parameters:
    ///   - tellsOlder: whether to tell of sagas whose declaration is gone, or another.
    ///   - store: is told whose store it is; `nil` for a journal.
    private static func parts(
        of fleet: FleetDefinition, tellsOlder: Bool = true,
        store: (any StoreSetup, StoreNeeds, ServiceDefinition?) async throws -> SetupPlan,
        broker: (BrokerNeeds) async throws -> [String], state: (any StateStore) async throws -> SetupPlan,
        sagas: (SagaSetup) async throws -> [String]
    ) async -> FleetPlan {
        var plan = FleetPlan(parts: [])
        if let store = Connectors.stateStore(of: fleet) {
            var part = FleetPlan.Part(name: "state (\(store.name))", steps: [], notices: [])
            do {
                part.steps = try await state(store).steps.map(\.description)
            } catch {
                part.failure = FleetError.wrapping(error)
            }
            await store.close()
            plan.parts.append(part)
        }
        for journal in fleet.journals {
            let setup = Connectors.setup(of: journal, in: fleet)
            var part = FleetPlan.Part(name: "\(journal.name) (\(setup.name))", steps: [], notices: [])
            do {
                let changes = try await store(setup, journal.needs, nil)
                part.steps = changes.steps.map(\.description)
                part.notices = changes.notices
            } catch {
                part.failure = FleetError.wrapping(error)
            }
            plan.parts.append(part)
        }
        // What several stores of one server have in common is told once.
        var (shared, told): (Set<SetupStep>, Set<String>) = ([], [])
        for service in fleet.services {
            let setup = Connectors.setup(of: service)
            var part = FleetPlan.Part(name: "\(service.name) (\(setup.name))", steps: [], notices: [])
            do {
                let changes = try await store(setup, fleet.storeNeeds(of: service), service)
                let own = changes.sharedSteps.filter { shared.insert($0).inserted }
                part.steps = (changes.steps + own).map(\.description)
                part.notices = changes.notices.filter { told.insert($0).inserted }
                if changes.isFirst, let lost = await LostStore(of: service, in: fleet) {
                    part.notices.append(lost.text)
                }
            } catch {
                part.failure = FleetError.wrapping(error)
            }
            plan.parts.append(part)
        }
        var part = FleetPlan.Part(name: "\(fleet.broker.engine) broker", steps: [], notices: [])
        do {
            part.steps = try await broker(fleet.brokerNeeds)
        } catch {
            part.failure = FleetError.wrapping(error)
        }
        plan.parts.append(part)
        for place in fleet.sagaPlaces {
            let setup = SagaSetup(place: place, fleet: fleet)
            var part = FleetPlan.Part(name: setup.name, steps: [], notices: [])
            do {
                part.steps = try await sagas(setup)
            } catch {
                part.failure = FleetError.wrapping(error)
            }
            if tellsOlder { part.notices += await place.olderDefinitions(in: fleet) }
            plan.parts.append(part)
        }
        if tellsOlder {
            let notices = await fleet.undeclaredSagas().map(\.description)
            if !notices.isEmpty { plan.parts.append(FleetPlan.Part(name: "sagas", steps: [], notices: notices)) }
        }
        return plan
    }
}
