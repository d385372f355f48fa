import FleetCore
import FleetFile
import Foundation
import Objectives
import Stores

/// What is kept of a fleet's objectives: counts in slots of time, alerts that fire, and alerts that nobody was told of yet. In
/// the fleet's own state.
struct ObjectiveJournal: Sendable {
    /// Each takes the tables from one version to the next. None is ever changed, only added.
    static let migrations = [
        """
        CREATE TABLE flotilla_objectives (
            objective TEXT PRIMARY KEY,
            identity TEXT NOT NULL,
            firing TEXT NOT NULL,
            charged TEXT NOT NULL
        );
        CREATE TABLE flotilla_objective_slots (
            objective TEXT NOT NULL,
            width BIGINT NOT NULL,
            slot BIGINT NOT NULL,
            total BIGINT NOT NULL,
            bad BIGINT NOT NULL,
            PRIMARY KEY (objective, width, slot)
        );
        CREATE TABLE flotilla_objective_writer (
            id BIGINT PRIMARY KEY,
            epoch BIGINT NOT NULL,
            as_of BIGINT NOT NULL,
            sagas_until BIGINT NOT NULL
        );
        CREATE TABLE flotilla_objective_notices (
            id TEXT PRIMARY KEY,
            place BIGINT NOT NULL,
            notice TEXT NOT NULL
        )
        """,
        """
        ALTER TABLE flotilla_objectives ADD COLUMN definition TEXT NOT NULL DEFAULT '';
        ALTER TABLE flotilla_objectives ADD COLUMN taken TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE flotilla_objective_writer ADD COLUMN journals_until TEXT NOT NULL DEFAULT '{}'
        """,
    ]

    /// What was kept.
    struct Kept: Sendable {
        /// In the order of the objectives.
        var budgets: [ErrorBudget]
        /// By objective, and the key of a source.
        var charged: [[String: Int64]]
        /// How far subscriptions had come, likewise.
        var taken: [[String: Int64]]
        /// `nil` where nothing was kept.
        var asOf: Timestamp?
        /// Sagas that ended until then are counted, by the name of their journal.
        var journalsUntil: [String: Timestamp] = [:]
        /// The same of all journals, where it was kept before there was one for each.
        var sagasUntil: Timestamp?
        var notices: [AlertNotice] = []

        /// Nothing yet.
        init(_ objectives: [Objective]) {
            budgets = objectives.map { ErrorBudget($0) }
            charged = objectives.map { _ in [:] }
            taken = objectives.map { _ in [:] }
        }
    }

    let objectives: [Objective]
    /// The names of those that are declared and left out for now: what is kept of them stays.
    var spared: Set<String> = []

    // MARK: Reading

    func load(in transaction: any StoreTransaction) throws -> Kept {
        var kept = Kept(objectives)
        let writer = try transaction.firstRow(
            "SELECT as_of, sagas_until, journals_until FROM flotilla_objective_writer WHERE id = 1")
        kept.asOf = writer?[0].integer.map { Timestamp(microseconds: $0) }
        kept.sagasUntil = writer?[1].integer.flatMap { $0 == 0 ? nil : Timestamp(microseconds: $0) }
        kept.journalsUntil = (Self.decode([String: Int64].self, writer?[2].text) ?? [:])
            .mapValues { Timestamp(microseconds: $0) }
        for row in try transaction.rows("SELECT notice FROM flotilla_objective_notices ORDER BY place") {
            let notice = row[0].text.flatMap { try? JSONDecoder().decode(AlertNotice.self, from: Data($0.utf8)) }
            if let notice { kept.notices.append(notice) }
        }
        for (index, objective) in objectives.enumerated() {
            let row = try transaction.firstRow(
                "SELECT identity, firing, charged, taken FROM flotilla_objectives WHERE objective = $1",
                [.text(objective.name)])
            // What was counted under another definition says nothing of this one.
            guard let row, row[0].text == objective.identity else { continue }
            let slots = try transaction.rows(
                "SELECT width, slot, total, bad FROM flotilla_objective_slots WHERE objective = $1",
                [.text(objective.name)]
            ).map { row in
                ObjectiveSlot(
                    width: row[0].integer ?? 0, index: row[1].integer ?? 0, total: row[2].integer ?? 0,
                    bad: row[3].integer ?? 0)
            }
            kept.budgets[index].restore(slots, firing: Self.firing(row[1].text))
            kept.charged[index] = Self.decode([String: Int64].self, row[2].text) ?? [:]
            kept.taken[index] = Self.decode([String: Int64].self, row[3].text) ?? [:]
        }
        return kept
    }

    /// By rule, since when an alert fires.
    private static func firing(_ text: String?) -> [Timestamp?] {
        (decode([Int64?].self, text) ?? []).map { $0.map { Timestamp(microseconds: $0) } }
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
        text.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }

    private static func encode(_ value: some Encodable) -> String {
        // Numbers and texts alone always encode.
        (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    // MARK: Writing

    /// What is to be written down.
    struct Changes: Sendable {
        struct Budget: Sendable {
            /// By its place in the file.
            var objective: Int
            var changes: ErrorBudget.Changes
            var firing: [Timestamp?]
            var charged: [String: Int64]
            var taken: [String: Int64]
        }

        /// Those that have changed.
        var budgets: [Budget]
        var asOf: Timestamp
        var journalsUntil: [String: Timestamp]
        /// Alerts that nobody was told of yet; `nil` where those are as they were.
        var notices: [AlertNotice]?
    }

    /// - Throws: `fenced` where another process has written since.
    func save(_ changes: Changes, epoch: Int64, in transaction: any StoreTransaction) throws {
        let written = try transaction.run(
            """
            INSERT INTO flotilla_objective_writer (id, epoch, as_of, sagas_until, journals_until)
            VALUES (1, $1, $2, 0, $3)
            ON CONFLICT (id) DO UPDATE
            SET epoch = excluded.epoch, as_of = excluded.as_of, sagas_until = excluded.sagas_until,
                journals_until = excluded.journals_until
            WHERE flotilla_objective_writer.epoch <= excluded.epoch
            """,
            [
                .integer(epoch), .integer(changes.asOf.microseconds),
                .text(Self.encode(changes.journalsUntil.mapValues(\.microseconds))),
            ])
        guard written == 1 else { throw FleetError(.fenced, "another process keeps the fleet's objectives") }
        for budget in changes.budgets {
            let objective = objectives[budget.objective]
            try save(objective, budget.changes, in: transaction)
            let firing = budget.firing.map { $0?.microseconds }
            try transaction.run(
                """
                INSERT INTO flotilla_objectives (objective, identity, firing, charged, definition, taken)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (objective) DO UPDATE
                SET identity = excluded.identity, firing = excluded.firing, charged = excluded.charged,
                    definition = excluded.definition, taken = excluded.taken
                """,
                [
                    .text(objective.name), .text(objective.identity), .text(Self.encode(firing)),
                    .text(Self.encode(budget.charged)), .text(Self.encode(objective)), .text(Self.encode(budget.taken)),
                ])
        }
        if let notices = changes.notices { try save(notices, in: transaction) }
    }

    private func save(_ objective: Objective, _ changes: ErrorBudget.Changes, in transaction: any StoreTransaction)
        throws
    {
        let name = SQLValue.text(objective.name)
        if changes.isAll {
            try transaction.run("DELETE FROM flotilla_objective_slots WHERE objective = $1", [name])
        }
        guard !changes.slots.isEmpty else { return }
        _ = try transaction.prepare(
            """
            INSERT INTO flotilla_objective_slots (objective, width, slot, total, bad) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (objective, width, slot) DO UPDATE SET total = excluded.total, bad = excluded.bad
            """
        ).runEach(
            changes.slots.map { slot in
                [name, .integer(slot.width), .integer(slot.index), .integer(slot.total), .integer(slot.bad)]
            })
        for (width, oldest) in changes.oldest {
            try transaction.run(
                "DELETE FROM flotilla_objective_slots WHERE objective = $1 AND width = $2 AND slot < $3",
                [name, .integer(width), .integer(oldest)])
        }
    }

    private func save(_ notices: [AlertNotice], in transaction: any StoreTransaction) throws {
        try transaction.run("DELETE FROM flotilla_objective_notices")
        for (place, notice) in notices.enumerated() { try append(notice, at: Int64(place), in: transaction) }
    }

    private func append(_ notice: AlertNotice, at place: Int64, in transaction: any StoreTransaction) throws {
        try transaction.run(
            "INSERT INTO flotilla_objective_notices (id, place, notice) VALUES ($1, $2, $3)",
            [.text(notice.id), .integer(place), .text(Self.encode(notice))])
    }

    /// Makes the tables fit the objectives: what was counted of others, or under other definitions, goes.
    /// - Parameter keepsNotices: whether somebody is to be told of the end of their alerts who may be away.
    /// - Returns: the ends of their alerts, which are kept then.
    func prepare(
        of fleet: FleetName, at now: Timestamp, keepsNotices: Bool, in transaction: any StoreTransaction
    ) throws -> [AlertNotice] {
        let kept = try transaction.rows("SELECT objective, identity, firing, definition FROM flotilla_objectives")
        let known = Dictionary(objectives.map { ($0.name, $0.identity) }) { first, _ in first }
        var ended: [AlertNotice] = []
        for row in kept {
            guard let name = row[0].text, known[name] != row[1].text, !spared.contains(name) else { continue }
            // It may be damaged.
            if let objective = Self.decode(Objective.self, row[3].text), objective.isPossible {
                ended += Self.ends(of: objective, firing: Self.firing(row[2].text), in: fleet, at: now)
            }
            try transaction.run("DELETE FROM flotilla_objective_slots WHERE objective = $1", [.text(name)])
            try transaction.run("DELETE FROM flotilla_objectives WHERE objective = $1", [.text(name)])
        }
        if keepsNotices, !ended.isEmpty {
            let last = try transaction.firstRow("SELECT max(place) FROM flotilla_objective_notices")?[0].integer ?? -1
            for (place, notice) in ended.enumerated() {
                try append(notice, at: last + 1 + Int64(place), in: transaction)
            }
        }
        return ended
    }

    /// Of an objective that is not declared any more, or as another.
    private static func ends(
        of objective: Objective, firing: [Timestamp?], in fleet: FleetName, at now: Timestamp
    ) -> [AlertNotice] {
        var budget = ErrorBudget(objective)
        guard firing.count == budget.rules.count else { return [] }
        budget.restore([], firing: firing)
        let reading = budget.reading(at: now)
        return firing.enumerated().compactMap { rule, since in
            since.map { since in
                var notice = AlertNotice(
                    id: EventID.make().description, fleet: fleet, reading: reading, rule: rule, status: .resolved,
                    since: since, at: now)
                notice.text =
                    "objective \(objective.name) (\(objective.measure.rawValue) of \(objective.subject)) is not declared as it was"
                    + " any more: its alert over \(ObjectiveText.duration(notice.longWindow)) has ended"
                return notice
            }
        }
    }
}

extension FleetDefinition {
    /// The journal of the fleet's objectives; `nil` where it has none.
    var objectiveJournal: FleetJournal? { objectives.isEmpty ? nil : .ofObjectives }
}

extension FleetJournal {
    static var ofObjectives: FleetJournal {
        FleetJournal(name: "objectives", migrations: ObjectiveJournal.migrations)
    }
}
