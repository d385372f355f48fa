import Brokers
import EmbeddedBroker
import FleetCore
import FleetFile
import Outbox
import SQLTemplate
import SQLiteStore
import Stores
import Views

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
    static let brokerEngines: Set<String> = ["embedded"]

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

    /// Opens a service's store for the length of `body`.
    static func withStore<Result>(
        of service: ServiceDefinition, _ body: (any Store) async throws -> Result
    ) async throws -> Result {
        let store = try store(of: service)
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    static func outbox(
        of service: ServiceDefinition, stream: StreamName, watcher: FileWatcher?
    ) async throws -> any OutboxSource {
        #if Postgres
            if !service.store.isSQLite {
                if service.outbox.capture != .poll {
                    return try await PostgresLogOutbox(
                        service.postgresAddress, needs: service.outboxNeeds(stream: stream))
                }
                return try await PostgresOutbox(
                    service.postgresAddress, table: service.outbox.table, keep: service.outbox.keep, stream: stream)
            }
        #endif
        return try await SQLiteOutbox(
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
        let source = try await outbox(of: service, stream: stream, watcher: nil)
        do {
            let pending = try await source.pending()
            await source.close()
            return pending
        } catch {
            await source.close()
            throw error
        }
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

    /// - Parameter isReadOnly: whether it is only to be looked at.
    static func broker(of fleet: FleetDefinition, isReadOnly: Bool = false) -> any Broker {
        EmbeddedBroker(
            directory: fleet.streamsDirectory, retention: fleet.broker.retention.limits, isReadOnly: isReadOnly)
    }

    static func brokerSetup(of fleet: FleetDefinition) -> any BrokerSetup {
        EmbeddedBrokerSetup(directory: fleet.streamsDirectory, retention: fleet.broker.retention.limits)
    }
}

extension RetentionDefinition {
    fileprivate var limits: Retention { Retention(age: age, size: size, limit: limit) }
}

extension StoreAddress {
    var isSQLite: Bool { scheme == "sqlite" }
}

#if Postgres
    extension ServiceDefinition {
        var postgresAddress: PostgresAddress {
            PostgresAddress(
                url: store.text, name: store.description, schema: store.schema, application: "flotilla \(name)")
        }
    }
#endif

extension FleetDefinition {
    /// Where the embedded broker keeps its streams.
    var streamsDirectory: String { "\(stateDirectory)/streams" }

    func stream(of service: ServiceName) -> StreamName { StreamName(fleet: name, service: service) }

    /// Services that publish, each with its stream.
    var publishers: [(service: ServiceDefinition, stream: StreamName)] {
        services.filter { !$0.publishes.isEmpty }.map { ($0, stream(of: $0.name)) }
    }

    var brokerNeeds: BrokerNeeds {
        var readers: [(SubscriptionName, StreamName)] = []
        for service in services {
            for view in service.views {
                let subscription = SubscriptionName(service: service.name, view: view.name)
                readers += view.sources.map { (subscription, stream(of: $0)) }
            }
        }
        return BrokerNeeds(streams: publishers.map(\.stream), subscriptions: readers)
    }
}

extension ServiceDefinition {
    /// - Parameter stream: where the service's events go.
    func storeNeeds(stream: StreamName) -> StoreNeeds {
        StoreNeeds(outbox: publishes.isEmpty ? nil : outboxNeeds(stream: stream), views: views.map(viewNeeds))
    }

    func outboxNeeds(stream: StreamName) -> OutboxNeeds {
        OutboxNeeds(table: outbox.table, keep: outbox.keep, capture: outbox.capture, stream: stream)
    }

    func viewNeeds(_ view: ViewDefinition) -> ViewNeeds {
        ViewNeeds(subscription: SubscriptionName(service: name, view: view.name), schema: view.schema.text)
    }
}
