#if Postgres
    import PostgresStore
    import RecordConformance
    import Testing

    @Suite struct RecordConformanceTests {
        @Test(arguments: RecordConformance.checks)
        func conforms(check: RecordConformance.Check) async throws {
            let service = try await ServiceDatabase()
            try await service.apply()
            try await check.run(RecordConformance(service.store))
            await service.store.close()
        }
    }
#endif
