#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit

    /// A database of one test's own, with a schema for one service.
    struct ServiceDatabase {
        static let stream = StreamName(
            fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "orders"))

        let server: PrivatePostgres
        let database: String
        let address: PostgresAddress
        let store: PostgresStore

        /// - Parameter schema: `nil` for the one that the server looks in by itself: `public`.
        init(schema: String? = nil, connections: Int = 4, server: PrivatePostgres? = nil) async throws {
            if let server { self.server = server } else { self.server = try await PrivatePostgres.shared() }
            database = try await self.server.makeDatabase()
            address = PostgresAddress(url: self.server.url(database), name: "postgres/\(database)", schema: schema)
            store = PostgresStore(address, connections: connections)
        }

        /// Makes Flotilla's own tables and the views.
        func apply(_ views: [ViewNeeds] = []) async throws {
            _ = try await PostgresSetup(address).apply(StoreNeeds(outbox: nil, views: views))
        }

        func plan(_ views: [ViewNeeds] = []) async throws -> SetupPlan {
            try await PostgresSetup(address).plan(StoreNeeds(outbox: nil, views: views))
        }

        /// Runs SQL as somebody else would, and returns rows on lines, columns separated by a bar.
        @discardableResult
        func psql(_ sql: String) throws -> String {
            let path = address.schema.map { "SET search_path = \(PostgresAddress.quoted($0)); " } ?? ""
            return try server.psql(database, path + sql)
        }
    }

    extension ViewNeeds {
        static func totals(_ schema: String) -> ViewNeeds {
            ViewNeeds(
                subscription: SubscriptionName(
                    service: ServiceName(unchecked: "orders"), view: ViewName(unchecked: "totals")),
                schema: schema)
        }
    }
#endif
