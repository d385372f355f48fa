import Brokers
import EmbeddedBroker
import Endpoints
import FleetCore
import FleetFile
import HTTPEndpoint
import Outbox
import SQLTemplate
import SQLiteStore
import SagaModel
import Sagas
import Signals
import Stores
import Views

#if NATS
    import NATSBroker
#endif
#if Postgres
    import PostgresConnection
    import PostgresStore
#endif

/// Which connector stands behind each seam. A new store or broker is one line here in each place.
enum Connectors {
    #if Postgres
        static let storeSchemes: Set<String> = ["sqlite", "postgres", "postgresql"]
    #else
        static let storeSchemes: Set<String> = ["sqlite"]
    #endif
    #if NATS
        static let brokerEngines: Set<String> = ["embedded", "nats"]
    #else
        static let brokerEngines: Set<String> = ["embedded"]
    #endif

    static func dialect(of store: StoreAddress) -> SQLDialect { store.isSQLite ? .sqlite : .postgresql }

    static func setup(of service: ServiceDefinition) -> any StoreSetup {
        #if Postgres
            if !service.store.isSQLite { return PostgresSetup(service.postgresAddress) }
        #endif
        return SQLiteSetup(path: service.store.text, name: service.store.description)
    }

    static func store(of service: ServiceDefinition) throws -> any Store {
        #if Postgres
            if !service.store.isSQLite { return PostgresStore(service.postgresAddress) }
        #endif
        return try SQLiteStore(path: service.store.text, name: service.store.description)
    }

    /// A store to look at, and no more: one connection, which waits for nothing for long.
    /// - Parameters:
    ///   - monitoring: as whom its server is looked at; `nil` for as who works there.
    ///   - answers: what its server has told, for all stores there; `nil` where it is the only one.
    static func monitoredStore(
        of service: ServiceDefinition, monitoring: MonitoringDefinition? = nil, answers: ServerAnswers? = nil
    ) throws -> any Store {
        #if Postgres
            if !service.store.isSQLite {
                var address = service.postgresAddress
                address.application = "flotilla signals of \(service.name)"
                address.statementTimeout = .seconds(2)
                return PostgresStore(
                    address, connections: 1, monitoring: monitoring?.needs, answers: answers?.postgres)
            }
        #endif
        return try store(of: service)
    }

    /// - Throws: `missing` where what is open is not what is at the store's place any more, as may be with a file.
    static func checkPlace(of store: any Store) throws { try (store as? SQLiteStore)?.checkFileIsInPlace() }

    /// What stores of this build tell of themselves.
    static var storeMetrics: [Metric] {
        #if Postgres
            return SQLiteStore.metrics + SQLiteStore.usageMetrics + PostgresStore.metrics
        #else
            return SQLiteStore.metrics + SQLiteStore.usageMetrics
        #endif
    }

    /// By which a statement is recognised among those that the store's server tells; `nil` where none tells any.
    static func pattern(of statement: String, in store: StoreAddress) -> String? {
        #if Postgres
            if !store.isSQLite { return PostgresStore.pattern(of: statement) }
        #endif
        return nil
    }

    /// The replication slot of a service's outbox, and the database that it is in, by a key that stores in one database have in
    /// common where their addresses name it in the same way; `nil` where a store has no slots.
    static func slot(of service: ServiceDefinition, stream: StreamName) -> (database: [String], name: String)? {
        #if Postgres
            if !service.store.isSQLite {
                let database = PostgresAddress.database(of: service.store.text)
                return (database, PostgresLogOutbox.slot(of: stream))
            }
        #endif
        return nil
    }

    /// The metrics whose second label is a replication slot.
    static var slotMetrics: [Metric] {
        #if Postgres
            return PostgresStore.slotMetrics
        #else
            return []
        #endif
    }

    /// The files of certificates that the address of a store names.
    static func certificateFiles(of store: StoreAddress) -> (certificate: String?, authority: String?) {
        #if Postgres
            if !store.isSQLite {
                let options = PostgresAddress.options(of: store.text)
                // The system's authorities are in no file that the fleet's file names.
                let authority = options["sslrootcert"].flatMap { $0 == "system" ? nil : $0 }
                return (options["sslcert"], authority)
            }
        #endif
        return (nil, nil)
    }

    /// The server of a store, by a key that stores there have in common where their addresses name it in the same way; `nil` where
    /// a store has none.
    static func server(of store: StoreAddress) -> [String]? {
        #if Postgres
            if !store.isSQLite { return Array(PostgresAddress.database(of: store.text).prefix(3)) }
        #endif
        return nil
    }

    /// The servers of a store that may have TLS.
    static func servers(of store: StoreAddress) -> [(host: String, port: Int)] {
        #if Postgres
            if !store.isSQLite { return PostgresAddress.servers(of: store.text) }
        #endif
        return []
    }

    /// By which those are the same role of one server who come into two stores, where their addresses name it in the same way;
    /// `nil` where nobody has to come in.
    /// - Parameter monitoring: who comes in, in place of whom the address names.
    static func role(of store: StoreAddress, monitoring: MonitoringDefinition? = nil) -> [String]? {
        #if Postgres
            if !store.isSQLite {
                let user = monitoring?.role ?? PostgresAddress.options(of: store.text)["user"] ?? ""
                return server(of: store).map { $0 + [user] }
            }
        #endif
        return nil
    }

    /// Asks a server until when the password of that role is good: what the role is called, for people, and `nil` for one that
    /// does not end.
    static func passwordEnd(
        of store: StoreAddress, monitoring: MonitoringDefinition? = nil
    ) async throws -> (name: String, end: Timestamp?) {
        #if Postgres
            if !store.isSQLite {
                var address = PostgresAddress(
                    url: store.text, name: store.description, application: "flotilla roles")
                address.statementTimeout = .seconds(2)
                return try await PostgresRole.passwordEnd(address, monitoring: monitoring?.needs)
            }
        #endif
        throw FleetError(.bug, "\(store.description) has no roles")
    }

    /// What the monitoring endpoint of a broker's server tells, and where it is asked.
    #if NATS
        static var brokerMetrics: [Metric] { NATSMonitor.metrics }
        static var brokerMonitorPaths: [String] { NATSMonitor.paths }
        static func brokerReadings(_ answers: [[UInt8]]) throws -> Readings { try NATSMonitor.readings(answers) }
    #else
        static var brokerMetrics: [Metric] { [] }
        static var brokerMonitorPaths: [String] { [] }
        static func brokerReadings(_ answers: [[UInt8]]) throws -> Readings { Readings() }
    #endif

    /// Opens a service's store for the length of `body`.
    static func withStore<Result>(
        of service: ServiceDefinition, _ body: (any Store) async throws -> Result
    ) async throws -> Result {
        try await with(try store(of: service), body)
    }

    /// Closes a store after `body`.
    static func with<Result>(
        _ store: any Store, _ body: (any Store) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    /// - Parameters:
    ///   - spoolDirectory: where what is too large for memory is kept while it is captured.
    ///   - evictsOthers: whether a process that captures this outbox is one that was told to leave it: its sessions are
    ///     ended.
    static func outbox(
        of service: ServiceDefinition, stream: StreamName, watcher: FileWatcher?, spoolDirectory: String,
        evictsOthers: Bool = false
    ) async throws -> any OutboxSource {
        #if Postgres
            if !service.store.isSQLite {
                if service.outbox.capture != .poll {
                    return try await PostgresLogOutbox(
                        service.postgresAddress, needs: service.outboxNeeds(stream: stream),
                        spoolDirectory: spoolDirectory, evictsOthers: evictsOthers)
                }
                return try await PostgresOutbox(
                    service.postgresAddress, table: service.outbox.table, keep: service.outbox.keep, stream: stream,
                    maximumEvent: service.outbox.maximumEventSize, evictsOthers: evictsOthers)
            }
        #endif
        return try await sqliteOutbox(of: service, stream: stream, watcher: watcher)
    }

    private static func sqliteOutbox(
        of service: ServiceDefinition, stream: StreamName, watcher: FileWatcher?
    ) async throws -> SQLiteOutbox {
        try await SQLiteOutbox(
            path: service.store.text, name: service.store.description, table: service.outbox.table,
            keep: service.outbox.keep, stream: stream, watcher: watcher)
    }

    /// What waits in a service's outbox, whoever captures it.
    static func pendingRows(of service: ServiceDefinition, stream: StreamName) async throws -> PendingRows {
        #if Postgres
            if !service.store.isSQLite {
                if service.outbox.capture != .poll {
                    return try await PostgresLogOutbox.pending(
                        service.postgresAddress, needs: service.outboxNeeds(stream: stream))
                }
                return try await PostgresOutbox.pending(
                    service.postgresAddress, table: service.outbox.table, keep: service.outbox.keep)
            }
        #endif
        let source = try await sqliteOutbox(of: service, stream: stream, watcher: nil)
        do {
            let pending = try await source.pending()
            await source.close()
            return pending
        } catch {
            await source.close()
            throw error
        }
    }

    /// How much of its log a service's store keeps because it was not captured yet; `nil` where it is not captured from a
    /// log.
    static func retainedLog(of service: ServiceDefinition, stream: StreamName) async throws -> ByteCount? {
        #if Postgres
            if !service.store.isSQLite, service.outbox.capture != .poll {
                return try await PostgresLogOutbox.retainedLog(service.postgresAddress, stream: stream)
            }
        #endif
        return nil
    }

    /// Somewhere that events are delivered to; whoever asked for it closes it.
    static func endpoint(_ definition: PushEndpointDefinition) -> any EventEndpoint {
        HTTPEndpoint(
            HTTPEndpoint.Settings(
                url: definition.url, name: definition.name, secret: definition.secret, timeout: definition.timeout,
                connections: definition.inFlightLimit, allowsPrivateAddresses: definition.allowsPrivateAddresses,
                authorities: definition.authorities))
    }

    static func rebuild(of view: ViewNeeds, in service: ServiceDefinition) throws -> any ViewRebuild {
        #if Postgres
            if !service.store.isSQLite { return PostgresRebuild(view, address: service.postgresAddress) }
        #endif
        return SQLiteRebuild(view, path: service.store.text, name: service.store.description)
    }

    static func findings(in views: [ViewSQL], of service: ServiceDefinition) async throws -> [SQLFinding] {
        #if Postgres
            if !service.store.isSQLite {
                return try await PostgresStatementCheck(address: service.postgresAddress).findings(in: views)
            }
        #endif
        return try await SQLiteStatementCheck(path: service.store.text).findings(in: views)
    }

    /// - Parameters:
    ///   - epoch: of whoever carries the fleet; `nil` for those who append nothing, or whom nobody can fence.
    ///   - isReadOnly: whether it is only to be looked at.
    ///   - notice: is told what the broker mends by itself.
    static func broker(
        of fleet: FleetDefinition, epoch: Int64? = nil, isReadOnly: Bool = false,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) -> any Broker {
        #if NATS
            if let settings = fleet.natsSettings {
                // Who was replaced is refused by the sequence that each of its messages names, not by an epoch.
                return NATSBroker(
                    settings, mappings: fleet.natsMappings, retention: fleet.broker.retention.limits,
                    notice: notice)
            }
        #endif
        return EmbeddedBroker(
            directory: fleet.streamsDirectory, retention: fleet.broker.retention.limits, epoch: epoch,
            isReadOnly: isReadOnly)
    }

    /// Ends sessions of the fleet in a service's store that have stood still within a transaction.
    /// - Returns: how many.
    static func endStalledSessions(of service: ServiceDefinition, after duration: Duration) async throws -> Int {
        #if Postgres
            if !service.store.isSQLite {
                return try await PostgresStalledSessions.end(service.postgresAddress, stalledFor: duration)
            }
        #endif
        return 0
    }

    /// The same where the fleet's journals are.
    static func endStalledSessions(ofJournalsOf fleet: FleetDefinition, after duration: Duration) async throws -> Int {
        #if Postgres
            if !fleet.journals.isEmpty, let address = fleet.journalAddress {
                return try await PostgresStalledSessions.end(address, stalledFor: duration)
            }
        #endif
        return 0
    }

    static func state(of fleet: FleetDefinition) -> any FleetState {
        if let store = stateStore(of: fleet) { return SharedState(store: store) }
        return DirectoryState(directory: fleet.state.directory)
    }

    /// The store of a fleet's own state; `nil` where it is in a directory.
    static func stateStore(of fleet: FleetDefinition) -> (any StateStore)? {
        #if Postgres
            if let store = fleet.state.store {
                let address = PostgresAddress(
                    url: store.text, name: store.description, schema: store.schema,
                    application: "flotilla \(fleet.name)")
                return PostgresState(address, fleet: fleet.name)
            }
        #endif
        return nil
    }

    static func setup(of journal: FleetJournal, in fleet: FleetDefinition) -> any StoreSetup {
        let open: @Sendable () throws -> any Store = { try store(of: journal, in: fleet) }
        #if Postgres
            if let address = fleet.journalAddress {
                return FleetJournalSetup(journal: journal, setup: PostgresSetup(address), directory: nil, open: open)
            }
        #endif
        let path = fleet.file(of: journal)
        return FleetJournalSetup(
            journal: journal, setup: SQLiteSetup(path: path, name: path), directory: fleet.state.directory, open: open)
    }

    /// Opens a journal of a fleet.
    static func store(of journal: FleetJournal, in fleet: FleetDefinition) throws -> any Store {
        #if Postgres
            if let address = fleet.journalAddress { return PostgresStore(address) }
        #endif
        return try SQLiteStore(path: fleet.file(of: journal))
    }

    /// A journal to look at, and no more.
    static func monitoredStore(of journal: FleetJournal, in fleet: FleetDefinition) throws -> any Store {
        #if Postgres
            if var address = fleet.journalAddress {
                address.application = "flotilla signals of \(journal.name)"
                address.statementTimeout = .seconds(2)
                return PostgresStore(address, connections: 1)
            }
        #endif
        return try store(of: journal, in: fleet)
    }

    static func brokerSetup(of fleet: FleetDefinition) -> any BrokerSetup {
        #if NATS
            if let settings = fleet.natsSettings {
                return NATSBrokerSetup(
                    settings, mappings: fleet.natsMappings, limit: fleet.broker.retention.limit)
            }
        #endif
        return EmbeddedBrokerSetup(directory: fleet.streamsDirectory, retention: fleet.broker.retention.limits)
    }
}

extension MonitoringDefinition {
    fileprivate var needs: MonitoringNeeds { MonitoringNeeds(role: role, password: password) }
}

extension RetentionDefinition {
    fileprivate var limits: Retention { Retention(age: age, size: size, limit: limit) }
}

extension StoreAddress {
    var isSQLite: Bool { scheme == "sqlite" }
}

#if Postgres
    extension FleetDefinition {
        /// Where the fleet's journals are; `nil` where they are files.
        var journalAddress: PostgresAddress? {
            state.store.map { store in
                PostgresAddress(
                    url: store.text, name: store.description, schema: journalSchema,
                    application: "flotilla \(name) journals")
            }
        }
    }

    extension ServiceDefinition {
        var postgresAddress: PostgresAddress {
            PostgresAddress(
                url: store.text, name: store.description, schema: store.schema, application: "flotilla \(name)")
        }
    }
#endif

extension FleetDefinition {
    /// Where the embedded broker keeps its streams.
    var streamsDirectory: String { "\(state.directory)/streams" }

    func stream(of service: ServiceName) -> StreamName { StreamName(fleet: name, service: service) }

    /// - Throws: `invalidInput` where there is none, with the nearest name.
    func service(named name: String) throws -> ServiceDefinition {
        if let found = services.first(where: { $0.name.text == name }) { return found }
        let known = services.map(\.name.text)
        throw FleetError(
            .invalidInput, "\(file) has no service \(name)",
            remedy: NearestName.of(name, in: known).map { "did you mean \($0)?" }
                ?? "it has \(known.joined(separator: ", "))")
    }

    /// Services that publish, each with its stream.
    var publishers: [(service: ServiceDefinition, stream: StreamName)] {
        services.filter { !$0.publishes.isEmpty }.map { ($0, stream(of: $0.name)) }
    }

    var brokerNeeds: BrokerNeeds {
        var readers: [(SubscriptionName, StreamName)] = []
        for service in services {
            for (subscription, sources) in service.subscriptions {
                readers += sources.map { (subscription, stream(of: $0)) }
            }
        }
        for place in sagaPlaces { readers += place.sources.map { (place.subscription, stream(of: $0)) } }
        for flow in flows { readers += sources(of: flow).map { (flow.subscription, stream(of: $0)) } }
        return BrokerNeeds(streams: publishers.map(\.stream), subscriptions: readers)
    }

    /// What the fleet needs in a service's store.
    func storeNeeds(of service: ServiceDefinition) -> StoreNeeds {
        StoreNeeds(
            outbox: service.publishes.isEmpty ? nil : service.outboxNeeds(stream: stream(of: service.name)),
            views: service.views.map(service.viewNeeds), isPushedTo: !service.push.isEmpty,
            journals: sagaJournals(in: service.name), monitoring: monitoring?.needs)
    }
}

extension ServiceDefinition {
    /// Who reads streams for the service, and those of which services.
    var subscriptions: [(name: SubscriptionName, sources: [ServiceName])] {
        let views = views.map { (SubscriptionName(service: name, view: $0.name), $0.sources) }
        let consumers = consumers.map { (SubscriptionName(service: name, view: $0.name), $0.sources) }
        return views + (push.isEmpty ? [] : [(SubscriptionName.push(to: name), pushSources)]) + consumers
    }

    func outboxNeeds(stream: StreamName) -> OutboxNeeds {
        OutboxNeeds(table: outbox.table, keep: outbox.keep, capture: outbox.capture, stream: stream)
    }

    func viewNeeds(_ view: ViewDefinition) -> ViewNeeds {
        ViewNeeds(subscription: SubscriptionName(service: name, view: view.name), schema: view.schema.text)
    }
}
