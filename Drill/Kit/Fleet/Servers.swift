#if Postgres
    import FleetCore
    import Foundation
    import PostgresConnection
    import SQLiteConnection
    import TestKit

    /// The servers of a drill, and the ways to them.
    final class Servers: Sendable {
        let postgres: PrivatePostgres
        /// Of all services in PostgreSQL but one: messages belong to a database, and not to a schema.
        let database: String
        let messages: String
        let wires: [Wire]
        let broker: any DrillBroker
        /// Between Flotilla and PostgreSQL.
        private let carrier: Wire
        /// Between writers and PostgreSQL.
        let writers: Wire
        private let directory: DrillDirectory

        init(_ options: DrillOptions, directory: DrillDirectory, leash: Leash) async throws {
            self.directory = directory
            postgres = try await PrivatePostgres(settings: [
                // Most transactions of more than a few rows are streamed while they are in progress.
                "logical_decoding_work_mem": "64kB", "max_wal_size": "1GB", "deadlock_timeout": "200ms",
            ])
            database = try await postgres.makeDatabase()
            messages = try await postgres.makeDatabase()
            carrier = Wire(name: "between Flotilla and PostgreSQL", proxy: try CuttableProxy(to: postgres.port))
            writers = Wire(name: "between writers and PostgreSQL", proxy: try CuttableProxy(to: postgres.port))
            broker = try await Self.broker(options, directory: directory, leash: leash)
            wires = [carrier, writers] + broker.wires
        }

        private static func broker(
            _ options: DrillOptions, directory: DrillDirectory, leash: Leash
        ) async throws -> any DrillBroker {
            switch options.broker {
            case .embedded: return try await EmbeddedFiles(options, directory: directory, leash: leash)
            #if NATS
                case .nats: return try await NATSServers(isCluster: false, leash: leash)
                case .cluster: return try await NATSServers(isCluster: true, leash: leash)
            #endif
            }
        }

        private func database(of service: DrillService) -> String {
            service.capture == .message ? messages : database
        }

        var fleetText: FleetText {
            func url(_ database: String) -> String { postgres.tcpURL(database, port: carrier.proxy.port) }
            return FleetText(
                stores: Dictionary(
                    uniqueKeysWithValues: DrillService.all.filter { !$0.isSQLite }
                        .map { ($0.name, url(database(of: $0))) }),
                mirror: url(database), state: url(database), stateDirectory: broker.stateDirectory ?? ".flotilla",
                broker: broker.text, bank: TransferBank(url: url(database)))
        }

        /// How long a statement of the drill's own may take.
        private static let statementTimeout = Duration.seconds(5)

        /// A connection to a service's store.
        /// - Parameter isDirect: whether no fault can cut it.
        func connection(to service: DrillService, isDirect: Bool) throws -> any DrillConnection {
            if service.isSQLite {
                return try SQLiteConnection(
                    path: directory.file("\(service.name).db"), mode: .readWrite, durability: .normal)
            }
            return connection(
                schema: service.name, database: database(of: service),
                port: isDirect ? postgres.port : writers.proxy.port)
        }

        /// A connection to the store of a view that no fault can cut.
        func connection(toView service: String) throws -> any DrillConnection {
            if service == "copies" {
                return try SQLiteConnection(path: directory.file("copies.db"), mode: .readOnly)
            }
            return connection(schema: service, database: database, port: postgres.port)
        }

        /// A connection to the services between which money is moved.
        /// - Parameter isDirect: whether no fault can cut it.
        func connectionToBank(
            schema: String = TransferBank.teller, isDirect: Bool
        ) -> any DrillConnection {
            connection(
                schema: schema, database: database, port: isDirect ? postgres.port : writers.proxy.port)
        }

        private func connection(schema: String, database: String, port: Int) -> PostgresConnection {
            var address = PostgresAddress(
                url: postgres.tcpURL(database, port: port), name: "the drill's \(schema)", schema: schema,
                application: "drill")
            address.statementTimeout = Self.statementTimeout
            return PostgresConnection(address)
        }

        func close() async throws {
            try await Blocking.run { [self] in
                postgres.stop(mode: "immediate")
                try? FileManager.default.removeItem(atPath: postgres.directory.path)
            }
            try await broker.close()
        }
    }
#endif
