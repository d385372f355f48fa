#if Postgres
    import FleetCore
    import Foundation
    import HTTPReceiver
    import Synchronization
    import TestKit
    import Testing

    /// Pushes between services whose stores are in PostgreSQL: the outbox is captured there, and how far the push is, and what
    /// is parked, is noted there.
    @Suite(.serialized, .lanes) struct PostgresPushTests {
        private struct Setting {
            let server: PrivatePostgres
            let database: String
            let fleet: FleetDirectory

            init(_ capture: CountingFleet.Capture, port: Int) async throws {
                server = try await PrivatePostgres.shared()
                database = try await server.makeDatabase()
                let url = server.url(database)
                fleet = try FleetDirectory(
                    """
                    fleet: \(database.replacing("_", with: "-"))
                    services:
                      sales:
                        store: {url: "\(url)", schema: sales}
                        outbox: {capture: \(capture.rawValue)}
                        publishes: [Sold]
                      billing:
                        store: {url: "\(url)", schema: billing}
                        push:
                          sales.Sold: {to: "http://127.0.0.1:\(port)/events", secret: "\(PushFleet.secret)", timeout: 180s, in_flight: 3}
                    """)
                let applied = try await fleet.flotilla("apply")
                try check(applied.ended(0), applied.said)
            }

            /// Writes numbers for keys `k0`, `k1` …, in one transaction.
            func publish(_ numbers: Range<Int>, keys: Int) throws {
                try server.psql(
                    database,
                    """
                    INSERT INTO sales.outbox (id, aggregatetype, aggregateid, type, payload)
                    SELECT gen_random_uuid(), 'sale', 'k' || k, 'Sold', ('{"number": ' || n || '}')::json
                    FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound - 1)) AS n,
                        generate_series(0, \(keys - 1)) AS k ORDER BY n, k
                    """)
            }

            func integer(_ query: String) throws -> Int { Int(try server.psql(database, query)) ?? -1 }

            func noted() throws -> Int {
                try integer("SELECT coalesce(max(position), 0) FROM billing.flotilla_subscriptions WHERE name = 'push'")
            }
        }

        private func expectExact(_ receiver: HTTPReceiver, _ numbers: Range<Int>, keys: Int, _ when: String) {
            for key in 0..<keys {
                #expect(receiver.firsts(of: "k\(key)") == HTTPReceiver.bodies(numbers), "\(when)")
            }
            #expect(Set(receiver.requests.compactMap { $0["webhook-id"] }).count == numbers.count * keys, "\(when)")
        }

        private func idle(_ setting: Setting) async throws {
            let run = try await setting.fleet.flotilla("run", "--until-idle")
            #expect(run.ended(0), "\(run.said)")
        }

        @Test(arguments: [CrashPoint.pushed, .pushNoted])
        func pushIsExactAfterBeingKilled(at point: CrashPoint) async throws {
            let receiver = try await HTTPReceiver()
            let setting = try await Setting(.poll, port: receiver.port)
            var published = 0
            func publish() throws {
                try setting.publish(published..<published + 5, keys: 6)
                published += 5
            }
            for pass in [1, 2, 3] {
                try publish()
                // Commits take what has gathered: there are as many as it takes only while more comes.
                try await setting.fleet.crash(at: point, pass: pass, ["run"]) { try publish() }
                try await idle(setting)
                expectExact(receiver, 0..<published, keys: 6, "\(point.rawValue), pass \(pass)")
                #expect(try setting.noted() >= published * 6)
            }
            // At least once, and some more than once.
            #expect(point == .pushNoted || receiver.count > published * 6)
            try await receiver.stop()
        }

        @Test(arguments: [CountingFleet.Capture.poll, .log])
        func pushIsExactAfterBeingKilledAtAnyMoment(_ capture: CountingFleet.Capture) async throws {
            var random = RandomSource(for: "push from PostgreSQL (\(capture)) killed at any moment")
            let receiver = try await HTTPReceiver()
            let setting = try await Setting(capture, port: receiver.port)
            let rounds = 8
            for round in 0..<rounds {
                try setting.publish(round * 20..<round * 20 + 20, keys: 8)
                let run = try await setting.fleet.startRun()
                let before = receiver.count
                let moment = Int.random(in: 0...120, using: &random)
                try await eventually("some have arrived") { receiver.count >= before + moment }
                run.kill()
                try await run.end()
            }
            try await idle(setting)
            expectExact(receiver, 0..<rounds * 20, keys: 8, "after \(rounds) kills")
            #expect(try setting.noted() >= rounds * 160)
            try await receiver.stop()
        }

        @Test func whatIsRefusedIsParkedInPostgresAndSentOnceMended() async throws {
            let isMended = Atomic(false)
            let receiver = try await HTTPReceiver { request in
                request.body == "{\"number\": 2}" && !isMended.load(ordering: .relaxed) ? .answer(422) : .answer(204)
            }
            let setting = try await Setting(.poll, port: receiver.port)
            try setting.publish(0..<5, keys: 1)
            let run = try await setting.fleet.startRun()
            try await eventually("it is parked, and what is behind it waits") {
                try setting.integer("SELECT count(*) FROM billing.flotilla_parked") == 3
            }
            run.kill()
            try await run.end()
            #expect(receiver.count == 3)
            isMended.store(true, ordering: .relaxed)
            #expect(try await setting.fleet.flotilla("parked", "retry").ended(0))
            try await idle(setting)
            expectExact(receiver, 0..<5, keys: 1, "after the retry")
            #expect(try setting.integer("SELECT count(*) FROM billing.flotilla_parked") == 0)
            try await receiver.stop()
        }
    }
#endif
