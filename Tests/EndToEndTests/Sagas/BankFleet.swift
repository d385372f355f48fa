import Foundation
import GRDB
import TestKit

/// A fleet whose sagas move money between the accounts of two services. The services are nothing but SQL: `left` answers
/// commands, in `right` the saga works itself.
struct BankFleet: Sendable {
    let fleet: FleetDirectory
    static let accounts = 10
    static let balance = 1_000

    /// - Parameter journal: where the journal of the sagas is; `nil` for the fleet's own state.
    init(journal: String? = nil) async throws {
        fleet = try FleetDirectory(Self.yaml(journal: journal))
        let right = try fleet.store("right.db")
        try await right.write { database in
            try database.execute(
                sql: "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0))")
            for id in 1...Self.accounts {
                try database.execute(sql: "INSERT INTO accounts VALUES (?, ?)", arguments: [id, Self.balance])
            }
        }
        let applied = try await fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
        let left = try fleet.store("left.db")
        try await left.write { database in
            for id in 1...Self.accounts {
                try database.execute(sql: "INSERT INTO accounts VALUES (?, ?)", arguments: [id, Self.balance])
            }
        }
    }

    static func yaml(journal: String?) -> String {
        """
        fleet: bank
        services:
          bank:
            store: sqlite:bank.db
            publishes: [TransferAsked, Withdraw, Redeposit]
          left:
            store: sqlite:left.db
            publishes: [Withdrawn, Refused, Redeposited]
            views:
              accounts:
                schema: |
                  CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
                  CREATE TABLE moves (key TEXT PRIMARY KEY, done INTEGER NOT NULL);
                when:
                  bank.Withdraw: |
                    INSERT OR IGNORE INTO moves
                      SELECT :data.saga.key, EXISTS (SELECT 1 FROM accounts WHERE id = :data.from AND balance >= :data.amount);
                    UPDATE accounts SET balance = balance - :data.amount
                      WHERE id = :data.from AND changes() = 1
                        AND (SELECT done FROM moves WHERE key = :data.saga.key) = 1;
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                      SELECT :id, 'left', :key, CASE done WHEN 1 THEN 'Withdrawn' ELSE 'Refused' END,
                        json_object('saga', json(:data.saga)) FROM moves WHERE key = :data.saga.key;
                  bank.Redeposit: |
                    INSERT OR IGNORE INTO moves VALUES (:data.saga.key, 1);
                    UPDATE accounts SET balance = balance + :data.amount
                      WHERE id = :data.from AND changes() = 1
                        AND (SELECT done FROM moves WHERE key = replace(:data.saga.key, '/undo', '/do')) = 1;
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                      VALUES (:id, 'left', :key, 'Redeposited', json_object('saga', json(:data.saga)));
          right:
            store: sqlite:right.db
        sagas:
          transfer:
            start: bank.TransferAsked
            deadline: 10m
            \(journal.map { "journal: \($0)" } ?? "keep: 1d")
            steps:
              - step: withdraw
                command:
                  send: bank.Withdraw
                  key: "{data.id}"
                  payload: {from: data.from, amount: data.amount}
                  reply: left.Withdrawn
                  failure: left.Refused
                timeout: 2m
                compensate:
                  command:
                    send: bank.Redeposit
                    key: "{data.id}"
                    payload: {from: data.from, amount: data.amount}
                    reply: left.Redeposited
                  timeout: 2m
              - step: deposit
                role: pivot
                sql:
                  service: right
                  run: UPDATE accounts SET balance = balance + :data.amount WHERE id = :data.to RETURNING id
                  expect: row
        """
    }

    /// Asks for transfers; those to the account 0, which is not there, are undone.
    func ask(_ ids: ClosedRange<Int>, amount: Int = 7) async throws {
        let bank = try fleet.store("bank.db")
        try await bank.write { database in
            for id in ids {
                let (from, to) = (id % Self.accounts + 1, id % 5 == 0 ? 0 : id % Self.accounts + 1)
                let payload = "{\"id\":\"t\(id)\",\"from\":\(from),\"to\":\(to),\"amount\":\(amount)}"
                try database.execute(
                    sql: """
                        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                        VALUES (?, 'bank', ?, 'TransferAsked', ?)
                        """, arguments: [UUID().uuidString, "t\(id)", payload])
            }
        }
    }

    /// The money of both services.
    func money() async throws -> (left: Int, right: Int) {
        func sum(_ store: String) async throws -> Int {
            try await fleet.store(store).read { try Int.fetchOne($0, sql: "SELECT sum(balance) FROM accounts") ?? 0 }
        }
        return (try await sum("left.db"), try await sum("right.db"))
    }

    /// How many sagas have each status.
    func statuses() async throws -> [String: Int] {
        let result = try await fleet.flotilla("sagas", "list", "--json", "--limit", "100000")
        try check(result.ended(0), result.said)
        var counts: [String: Int] = [:]
        for line in result.output.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            counts[object?["status"] as? String ?? "?", default: 0] += 1
        }
        return counts
    }
}
