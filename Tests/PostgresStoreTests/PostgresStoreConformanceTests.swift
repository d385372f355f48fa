#if Postgres
    import PostgresConnection
    import PostgresStore
    import StoreConformance
    import TestKit
    import Testing

    @Suite struct PostgresStoreConformanceTests {
        @Test(arguments: StoreConformance.checks)
        func conforms(check: StoreConformance.Check) async throws {
            let server = try await PrivatePostgres.shared()
            let database = try await server.makeDatabase()
            let address = PostgresAddress(url: server.url(database), name: "postgres/\(database)")
            var features = StoreConformance.Features()
            features.bytesType = "BYTEA"
            features.keepsBooleans = true
            features.keepsNaN = true
            features.keepsNULInText = false
            try await check.run(StoreConformance(features: features) { PostgresStore(address) })
        }
    }
#endif
