#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct RebuildTests {
        @Test(arguments: [nil, "orders", "Odd \"schema\""])
        func theNewViewTakesThePlaceOfTheOld(schema: String?) async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull(schema: schema)
            let before = try RebuildFixture.content(service)
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            #expect(try RebuildFixture.content(service) == before)
            await scratch.close()
            try await rebuild.swap()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
            #expect(try RebuildFixture.leftovers(service) == "")
            // Triggers, counters, procedures and constraints work as before.
            let after = try service.psql(
                """
                INSERT INTO totals (customer, cents) VALUES ('a', 1) RETURNING number, serial;
                CALL cheer('a'); SELECT mood FROM customers; SELECT nextval('tickets'); SELECT count(*) FROM changes;
                SELECT summed(cents::bigint) FROM totals; SELECT ('Ulm', '1')::place === ('Ulm', '2')::place;
                SELECT '{[1,3)}'::span_multirange @> 2::bigint;
                SET enable_seqscan = off; EXPLAIN (COSTS OFF) SELECT 1 FROM totals WHERE customer = 'a';
                """)
            #expect(
                after.hasPrefix("4|4\nglad\n2\n4\n2151\nt\nt\n") && after.contains("totals_by_customer"), "\(after)")
            for refused in [
                "INSERT INTO totals (customer, cents) VALUES ('nobody', 1)",
                "INSERT INTO totals (customer, cents) VALUES ('a', 1000000)",
                "INSERT INTO totals (customer, cents) VALUES ('a', -1)",
                "INSERT INTO totals (customer, own, cents) VALUES ('a', 'nobody', 1)",
                "INSERT INTO parts VALUES (1, '2021-02-02')",
            ] {
                try await checkThrows(.statement) { try await service.store.write { try $0.script(refused) } }
            }
            let plan = try await service.plan([RebuildFixture.view])
            #expect(plan.steps == [] && plan.notices == [])
            // And once more, from the objects that the swap noted.
            let again = try await rebuild.begin()
            try await RebuildFixture.fill(again)
            await again.close()
            try await rebuild.swap()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
        }

        @Test func aSecondRebuildBeginsAnew() async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            for _ in 0..<2 {
                let scratch = try await rebuild.begin()
                #expect(try await scratch.read { try $0.firstRow("SELECT count(*) FROM totals")?[0] } == 0)
                try await RebuildFixture.fill(scratch)
                await scratch.close()
            }
            try await rebuild.swap()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
        }

        @Test func twoRebuildsOfOneViewAreNotAtWorkAtOnce() async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            let error = try await checkThrows(.busy) { try await rebuild.begin() }
            #expect(error.message.contains("another rebuild") && error.isRetriable)
            try await checkThrows(.busy) { try await rebuild.swap() }
            await scratch.close()
            try await rebuild.swap()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
            try await checkThrows(.missing) { try await rebuild.swap() }
        }

        @Test(arguments: [false, true]) func anAbandonedRebuildLeavesNothing(isCancelled: Bool) async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let before = try RebuildFixture.content(service)
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            let task = Task {
                while isCancelled, !Task.isCancelled { await Task.yield() }
                await rebuild.abandon()
            }
            if isCancelled { task.cancel() }
            await task.value
            #expect(try RebuildFixture.content(service) == before)
            #expect(try RebuildFixture.leftovers(service) == "")
        }

        @Test func aSchemaOfTheSameNameThatIsSomebodyElsesStays() async throws {
            let (service, rebuild) = try await RebuildFixture.prepare()
            try service.psql("CREATE SCHEMA flotilla_rebuild_totals; CREATE TABLE flotilla_rebuild_totals.mine ()")
            let error = try await checkThrows(.invalidInput) { try await rebuild.begin() }
            #expect(error.remedy?.contains("DROP SCHEMA flotilla_rebuild_totals CASCADE") == true)
            await rebuild.abandon()
            try service.psql("TABLE flotilla_rebuild_totals.mine")
        }

        @Test func aViewOfTheLongestNameIsRebuilt() async throws {
            let name = "v" + String(repeating: "x", count: 62)
            let view = ViewNeeds(
                subscription: SubscriptionName(
                    service: ServiceName(unchecked: "orders"), view: ViewName(unchecked: name)),
                schema: "CREATE TABLE things (id INT)")
            let (service, _) = try await RebuildFixture.prepare(view: view)
            let rebuild = PostgresRebuild(view, address: service.address)
            let scratch = try await rebuild.begin()
            try await scratch.write { try $0.script("INSERT INTO things VALUES (7)") }
            await scratch.close()
            try await rebuild.swap()
            #expect(try service.psql("TABLE things") == "7")
            #expect(try RebuildFixture.leftovers(service) == "")
        }
    }
#endif
