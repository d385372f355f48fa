#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// Sagas that move money between services whose stores, and whose fleet's state, are in PostgreSQL.
    @Suite(.serialized, .lanes) struct PostgresSagaTests {
        private static let accounts = 10

        private struct Bank {
            let server: PrivatePostgres
            let database: String
            let fleet: FleetDirectory
            let balance: Int
            let keeper: SagaParticipant

            func psql(_ sql: String) throws -> String { try server.psql(database, sql) }
            func number(_ sql: String) throws -> Int { Int(try psql(sql)) ?? -1 }
        }

        /// As many as a test of minutes has: `FLOTILLA_SAGAS=10000 FLOTILLA_SAGA_KILLS=100` for one that takes longer.
        private static func asked(_ variable: String, _ standard: Int) -> Int {
            ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? standard
        }

        private func bank(balance: Int, journal: String?) async throws -> Bank {
            let server = try await PrivatePostgres()
            let keeper = try await SagaParticipant(balance: balance)
            let database = try await server.makeDatabase()
            let url = server.url(database)
            func service(_ name: String) -> String { "store: {url: \"\(url)\", schema: \(name)}" }
            let fleet = try FleetDirectory(
                """
                fleet: bank
                state: "\(url)"
                services:
                  bank:
                    \(service("bank"))
                    publishes: [TransferAsked, Withdraw, Redeposit]
                  payer:
                    \(service("payer"))
                    publishes: [Withdrawn, Refused, Redeposited]
                    views:
                      accounts:
                        schema: |
                          CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= 0));
                          CREATE TABLE moves (key TEXT PRIMARY KEY, done BOOLEAN NOT NULL);
                        when:
                          bank.Withdraw: |
                            WITH move AS (
                              INSERT INTO moves
                                SELECT :data.saga.key, EXISTS (
                                  SELECT 1 FROM accounts WHERE id = :data.from AND balance >= :data.amount)
                                ON CONFLICT DO NOTHING RETURNING done)
                            UPDATE accounts SET balance = balance - :data.amount FROM move
                              WHERE id = :data.from AND move.done;
                            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                              SELECT :id, 'payer', :key, CASE WHEN done THEN 'Withdrawn' ELSE 'Refused' END,
                                jsonb_build_object('saga', :data.saga::jsonb) FROM moves WHERE key = :data.saga.key;
                          bank.Redeposit: |
                            WITH move AS (
                              INSERT INTO moves VALUES (:data.saga.key, TRUE) ON CONFLICT DO NOTHING RETURNING done)
                            UPDATE accounts SET balance = balance + :data.amount FROM move
                              WHERE id = :data.from AND EXISTS (
                                SELECT 1 FROM moves WHERE key = replace(:data.saga.key, '/undo', '/do') AND moves.done);
                            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                              VALUES (:id, 'payer', :key, 'Redeposited', jsonb_build_object('saga', :data.saga::jsonb));
                  payee:
                    \(service("payee"))
                sagas:
                  transfer:
                    start: bank.TransferAsked
                    deadline: 2h
                    \(journal.map { "journal: \($0)" } ?? "keep: 1d")
                    steps:
                      - step: withdraw
                        command:
                          send: bank.Withdraw
                          key: "{data.id}"
                          payload: {from: data.from, amount: data.amount}
                          reply: payer.Withdrawn
                          failure: payer.Refused
                        timeout: 5m
                        compensate:
                          command:
                            send: bank.Redeposit
                            key: "{data.id}"
                            payload: {from: data.from, amount: data.amount}
                            reply: payer.Redeposited
                          timeout: 5m
                      - step: hold
                        http:
                          url: "http://127.0.0.1:\(keeper.port)/hold"
                          body: {account: data.from, amount: 2}
                        timeout: 10s
                        \(Self.retry)
                        compensate:
                          http:
                            url: "http://127.0.0.1:\(keeper.port)/release"
                            body: {account: data.from, amount: 2}
                          timeout: 10s
                          \(Self.retry)
                      - step: deposit
                        role: pivot
                        sql:
                          service: payee
                          run: UPDATE accounts SET balance = balance + :data.amount - 2 WHERE id = :data.to RETURNING id
                          expect: row
                        \(Self.retry)
                """)
            let bank = Bank(server: server, database: database, fleet: fleet, balance: balance, keeper: keeper)
            _ = try bank.psql(
                """
                CREATE SCHEMA payee;
                CREATE TABLE payee.accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= 0));
                INSERT INTO payee.accounts SELECT n, \(balance) FROM generate_series(1, \(Self.accounts)) AS n
                """)
            let applied = try await fleet.flotilla("apply")
            try check(applied.ended(0), applied.said)
            _ = try bank.psql(
                "INSERT INTO payer.accounts SELECT n, \(balance) FROM generate_series(1, \(Self.accounts)) AS n")
            return bank
        }

        /// Every fifth goes to an account that is not there, and is undone.
        private func ask(_ first: Int, _ last: Int, of bank: Bank) throws {
            _ = try bank.psql(
                """
                INSERT INTO bank.outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT md5('t' || n)::uuid, 'bank', 't' || n, 'TransferAsked', json_build_object('id', 't' || n,
                    'from', n % \(Self.accounts) + 1, 'to', CASE WHEN n % 5 = 0 THEN 0 ELSE n % \(Self.accounts) + 1 END,
                    'amount', 7)
                FROM generate_series(\(first), \(last)) AS n
                """)
        }

        /// Whatever is killed is back within seconds.
        private static let retry = "retry: {attempts: 100, wait: 100ms, at_most: 1s}"

        @Test(arguments: [nil, "payee"])
        func theSumOfMoneyStaysThoughProcessesAreKilled(journal: String?) async throws {
            let sagas = Self.asked("FLOTILLA_SAGAS", 200)
            let kills = Self.asked("FLOTILLA_SAGA_KILLS", 8)
            let bank = try await bank(balance: 7 * sagas, journal: journal)
            var random = RandomSource(for: "sagas on PostgreSQL that are killed")
            // Two processes: one carries, and the other takes over.
            var runs = [try bank.fleet.start("run"), try bank.fleet.start("run")]
            var asked = 0
            var killed: [Victim: Int] = [:]
            for kill in 1...kills {
                let next = sagas * kill / kills
                // Where the server was killed meanwhile it is asked again: an event with the same id starts nothing anew.
                try await eventually("sagas are asked for") { (try? ask(asked + 1, next, of: bank)) != nil }
                asked = next
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
                let victim = Victim.allCases.randomElement(using: &random) ?? .run
                killed[victim, default: 0] += 1
                switch victim {
                case .run, .otherRun:
                    let chosen = victim == .run ? 0 : 1
                    runs[chosen].kill()
                    try await runs[chosen].end()
                case .backend: try Self.killBackend(of: bank, &random)
                case .server:
                    try await bank.server.kill()
                    try await bank.server.start()
                case .participant:
                    bank.keeper.kill()
                    try await bank.keeper.start()
                }
                try Self.revive(&runs, bank)
            }
            print("killed: " + killed.map { "\($0.key) \($0.value) times" }.sorted().joined(separator: ", "))
            let schema = journal ?? "\"flotilla-bank\""
            try await eventually("all sagas end", within: .seconds(180 + sagas / 10), every: .milliseconds(200)) {
                try Self.revive(&runs, bank)
                return (try? bank.number("SELECT count(*) FROM \(schema).flotilla_sagas WHERE ended_at IS NOT NULL"))
                    == sagas
            }
            let statuses = try bank.psql(
                "SELECT status, count(*) FROM \(schema).flotilla_sagas GROUP BY status ORDER BY status")
            let completed = sagas - sagas / 5
            #expect(statuses == "compensated|\(sagas / 5)\ncompleted|\(completed)")
            let whole = Self.accounts * 7 * sagas
            let (paid, received) = (
                try bank.number("SELECT sum(balance) FROM payer.accounts"),
                try bank.number("SELECT sum(balance) FROM payee.accounts")
            )
            let held = try await bank.keeper.money()
            #expect(paid == whole - 7 * completed)
            #expect(held == whole + 2 * completed)
            #expect(received == whole + 5 * completed)
            #expect(paid + held + received == 3 * whole)
            for run in runs {
                run.send(SIGTERM)
                #expect(try await run.end() == .code(0))
            }
        }

        /// What is killed.
        private enum Victim: CaseIterable { case run, otherRun, backend, server, participant }

        /// `kill -9` of one backend of Flotilla's; the server ends all others then, and recovers.
        private static func killBackend(of bank: Bank, _ random: inout RandomSource) throws {
            let query = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'flotilla%' ORDER BY pid"
            let backends = try bank.psql(query).split(separator: "\n").compactMap { Int32($0) }
            if let backend = backends.randomElement(using: &random) { kill(backend, SIGKILL) }
        }

        /// Starts again what has ended: a run that begins where the server is away does.
        private static func revive(_ runs: inout [Program], _ bank: Bank) throws {
            for index in runs.indices where runs[index].ended != nil { runs[index] = try bank.fleet.start("run") }
        }
    }
#endif
