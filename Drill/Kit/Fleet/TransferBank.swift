import DrillJudge

/// Four services of a drill's fleet, and a saga that moves money between the accounts of three of them: `teller` is asked for
/// transfers, `payer` answers commands, in `keeper` and `payee` the saga works itself. Each effect writes a row beside it, whose
/// number tells the order of all.
struct TransferBank {
    /// Of a server's database, as Flotilla is to reach it.
    var url: String

    static let teller = "teller"
    /// Those that keep accounts.
    static let keepers = ["payer", "keeper", "payee"]
    static let accounts = 10
    static let balance = 100_000
    /// The journal is in the fleet's own state.
    static let saga = "transfer"

    /// What must be there before the fleet is applied: tables in which the saga works itself.
    static var tablesBefore: String {
        let own = keepers.dropFirst().map { schema in
            """
            CREATE SCHEMA \(schema);
            CREATE TABLE \(schema).accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL);
            CREATE TABLE \(schema).moves (n BIGINT NOT NULL DEFAULT nextval('public.moves'), transfer TEXT NOT NULL,
                what TEXT NOT NULL);
            """
        }
        return "CREATE SEQUENCE public.moves;\n" + own.joined(separator: "\n")
    }

    /// What is there once the fleet is applied.
    static var tablesAfter: String {
        let money = keepers.map { schema in
            "INSERT INTO \(schema).accounts SELECT n, \(balance) FROM generate_series(1, \(accounts)) AS n;"
        }
        return "CREATE TABLE \(teller).asked (transfer TEXT PRIMARY KEY);\n" + money.joined(separator: "\n")
    }

    /// Below `services`.
    var services: String {
        """
          \(Self.teller):
            store: {url: "\(url)", schema: \(Self.teller)}
            publishes: [TransferAsked, Withdraw, Redeposit]
          payer:
            store: {url: "\(url)", schema: payer}
            publishes: [Withdrawn, Redeposited]
            views:
              accounts:
                schema: |
                  CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL);
                  CREATE TABLE moves (key TEXT PRIMARY KEY, n BIGINT NOT NULL DEFAULT nextval('public.moves'),
                      transfer TEXT NOT NULL, what TEXT NOT NULL);
                when:
                  \(Self.teller).Withdraw: |
                    WITH move AS (
                      INSERT INTO moves (key, transfer, what) VALUES (:data.saga.key, :data.id, 'withdraw')
                      ON CONFLICT DO NOTHING RETURNING key)
                    UPDATE accounts SET balance = balance \(Self.change(.withdraw)) FROM move WHERE id = :data.account;
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                      VALUES (:id, 'payer', :key, 'Withdrawn', jsonb_build_object('saga', :data.saga::jsonb));
                  \(Self.teller).Redeposit: |
                    WITH move AS (
                      INSERT INTO moves (key, transfer, what)
                        SELECT :data.saga.key, :data.id, 'redeposit'
                        WHERE EXISTS (SELECT 1 FROM moves WHERE key = replace(:data.saga.key, '/undo', '/do'))
                      ON CONFLICT DO NOTHING RETURNING key)
                    UPDATE accounts SET balance = balance \(Self.change(.redeposit)) FROM move WHERE id = :data.account;
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                      VALUES (:id, 'payer', :key, 'Redeposited', jsonb_build_object('saga', :data.saga::jsonb));
          keeper:
            store: {url: "\(url)", schema: keeper}
          payee:
            store: {url: "\(url)", schema: payee}
        """
    }

    private static func change(_ kind: Move.Kind) -> String {
        kind.amount < 0 ? "- \(-kind.amount)" : "+ \(kind.amount)"
    }

    /// Servers are away for seconds, and a step is tried for a minute and more.
    private static let retry = "retry: {attempts: 60, wait: 200ms, at_most: 2s}"

    /// Below `sagas`.
    static var sagas: String {
        func command(_ send: String, _ reply: String) -> String {
            """
            command: {send: \(teller).\(send), key: "{data.id}", payload: {id: data.id, account: data.account}, reply: payer.\(reply)}
            """
        }
        func sql(_ kind: Move.Kind, _ account: String) -> String {
            """
            sql:
                        service: \(kind.service)
                        run: |
                          INSERT INTO moves (transfer, what) VALUES (:data.id, '\(kind.rawValue)');
                          UPDATE accounts SET balance = balance \(change(kind)) WHERE id = :data.\(account) RETURNING id
            """
        }
        return """
              \(saga):
                start: \(teller).TransferAsked
                deadline: 1d
                steps:
                  - step: withdraw
                    \(command("Withdraw", "Withdrawn"))
                    timeout: 10m
                    compensate:
                      \(command("Redeposit", "Redeposited"))
                      timeout: 10m
                  - step: hold
                    \(sql(.hold, "account"))
                    \(retry)
                    compensate:
                      \(sql(.release, "account").replacing("\n", with: "\n  "))
                      \(retry)
                  - step: deposit
                    role: pivot
                    \(sql(.deposit, "to"))
                        expect: row
                    \(retry)
            """
    }
}
