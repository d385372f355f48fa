#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// Journals of sagas and flows are looked at once for all that is told of them, over connections that stay.
    @Suite(.lanes) struct JournalLookTests {
        @Test func oneLookServesMetricsAndPage() async throws {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            let url = server.url(database)
            let fleet = try FleetDirectory(
                """
                fleet: shop
                state: "\(url)"
                metrics: "127.0.0.1:0"
                page: "127.0.0.1:0"
                services:
                  shop:
                    store: {url: "\(url)", schema: shop}
                    publishes: [Asked, Answered]
                sagas:
                  order:
                    start: shop.Asked
                    deadline: 1h
                    steps:
                      - step: wait
                        event: {type: shop.Answered, where: n, equals: data.n}
                        timeout: 1h
                flows:
                  answer: {start: shop.Asked, key: n, within: 1s, grace: 100ms, end: shop.Answered}
                """)
            let applied = try await fleet.flotilla("apply")
            #expect(applied.ended(0), "\(applied.said)")
            let run = try await RunningPage(fleet)
            let signals = try await SignalAddress(of: run.program)
            try server.psql(
                database,
                """
                INSERT INTO shop.outbox (id, aggregatetype, aggregateid, type, payload)
                VALUES (gen_random_uuid(), 'shop', 'a', 'Asked', '{"n": "a"}')
                """)
            try await eventually("metrics and page tell the same of the flow") {
                let overview = try run.ask("/api/overview").body
                return try await signals.value("flotilla_flows_open{flow=\"answer\",state=\"stuck\"}") == 1
                    && overview.contains(#""flows":[{"ended":0,"failed":0,"late":1,"level":"warning","name":"answer""#)
            }
            try await eventually("who reads for it is told, with how far it is") {
                let overview = try run.ask("/api/overview").body
                return overview.contains("\"name\":\"flows.~answer\"") && overview.contains("\"kind\":\"flow\"")
            }
            #expect(
                try await signals.value(
                    "flotilla_delivery_lag_events{subscription=\"flows.~answer\",stream=\"shop-shop\"}") == 0)
            // From here on nothing connects any more. Whoever asks this is in another database.
            let sessions = "SELECT sessions FROM pg_stat_database WHERE datname = '\(database)'"
            let begun = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'flotilla signals of flows'"
            #expect(try server.psql("postgres", begun) == "1")
            let looked = """
                SELECT coalesce(max(extract(epoch FROM state_change)), 0)::int8 FROM pg_stat_activity
                WHERE application_name = 'flotilla signals of flows'
                """
            // A server counts some seconds later who came: those of the beginning may be counted during the first looks.
            try await eventually("three looks that connect to nothing") {
                let before = try server.psql("postgres", sessions)
                for _ in 1...3 {
                    let last = try server.psql("postgres", looked)
                    try await eventually("the journal is looked at once more") {
                        try server.psql("postgres", looked) != last && run.ask("/api/overview").status == 200
                    }
                }
                return try server.psql("postgres", sessions) == before
            }
            try await run.stop()
        }

        @Test func aJournalThatIsGoneIsToldOnThePage() async throws {
            let fleet = try FleetDirectory(
                """
                fleet: shop
                page: "127.0.0.1:0"
                services: {shop: {store: "sqlite:shop.db", publishes: [Asked, Answered]}}
                flows:
                  answer: {start: shop.Asked, key: n, within: 1h, end: shop.Answered}
                """)
            #expect(try await fleet.flotilla("apply").ended(0))
            let run = try await RunningPage(fleet)
            try await eventually("the flow is shown") {
                try run.ask("/api/overview").body.contains(#""level":"good","name":"answer""#)
            }
            try FileManager.default.moveItem(
                atPath: fleet.file(".flotilla/flows.sqlite"), toPath: fleet.file("elsewhere.sqlite"))
            try await eventually("that it is gone is shown") {
                let overview = try run.ask("/api/overview").body
                return overview.contains(#""level":"bad","name":"answer""#)
            }
            run.program.kill()
        }
    }
#endif
