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

            func psql(_ sql: String) throws -> String { try server.psql(database, sql) }
            func number(_ sql: String) throws -> Int { Int(try psql(sql)) ?? -1 }
        }

        /// As many as a test of minutes has: `FLOTILLA_SAGAS=10000 FLOTILLA_SAGA_KILLS=100` for one that takes longer.
        private static func asked(_ variable: String, _ standard: Int) -> Int {
            ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? standard
        }

        private func bank(balance: Int, journal: String?) async throws -> Bank {
            let server = try await PrivatePostgres()
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
                      - step: deposit
                        role: pivot
                        sql:
                          service: payee
                          run: UPDATE accounts SET balance = balance + :data.amount WHERE id = :data.to RETURNING id
                          expect: row
                """)
            let bank = Bank(server: server, database: database, fleet: fleet, balance: balance)
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
                SELECT gen_random_uuid(), 'bank', 't' || n, 'TransferAsked', json_build_object('id', 't' || n,
                    'from', n % \(Self.accounts) + 1, 'to', CASE WHEN n % 5 = 0 THEN 0 ELSE n % \(Self.accounts) + 1 END,
                    'amount', 7)
                FROM generate_series(\(first), \(last)) AS n
                """)
        }

        @Test(arguments: [nil, "payee"])
        func theSumOfMoneyStaysThoughProcessesAreKilled(journal: String?) async throws {
            let sagas = Self.asked("FLOTILLA_SAGAS", 200)
            let kills = Self.asked("FLOTILLA_SAGA_KILLS", 8)
            let bank = try await bank(balance: 7 * sagas, journal: journal)
            var random = RandomSource(for: "sagas on PostgreSQL that are killed")
            // Two processes: one carries, and the other takes over.
            var runs = [try bank.fleet.start("run"), try bank.fleet.start("run")]
            var asked = 0
            for kill in 1...kills {
                let next = sagas * kill / kills
                if next > asked { try ask(asked + 1, next, of: bank) }
                asked = next
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
                let chosen = Int.random(in: 0...1, using: &random)
                runs[chosen].kill()
                try await runs[chosen].end()
                runs[chosen] = try bank.fleet.start("run")
            }
            let schema = journal ?? "\"flotilla-bank\""
            try await eventually("all sagas end", within: .seconds(90 + sagas / 20)) {
                try bank.number("SELECT count(*) FROM \(schema).flotilla_sagas WHERE ended_at IS NOT NULL") == sagas
            }
            let statuses = try bank.psql(
                "SELECT status, count(*) FROM \(schema).flotilla_sagas GROUP BY status ORDER BY status")
            let completed = sagas - sagas / 5
            #expect(statuses == "compensated|\(sagas / 5)\ncompleted|\(completed)")
            let whole = Self.accounts * 7 * sagas
            #expect(try bank.number("SELECT sum(balance) FROM payer.accounts") == whole - 7 * completed)
            #expect(try bank.number("SELECT sum(balance) FROM payee.accounts") == whole + 7 * completed)
            for run in runs {
                run.send(SIGTERM)
                #expect(try await run.end() == .code(0))
            }
        }
    }
#endif
