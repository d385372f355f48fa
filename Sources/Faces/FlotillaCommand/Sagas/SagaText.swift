import Control
import FleetCore
import Foundation
import SagaModel
import Sagas

/// A saga as people read it: its steps with their times, attempts, errors and compensations.
struct SagaText {
    private let report: SagaAdministration.Report
    private var state: SagaState { report.entry.state }

    init(_ report: SagaAdministration.Report) { self.report = report }

    func print(asJSON: Bool) throws {
        if asJSON {
            Console.line(try Self.text(SagaDocument(report)))
            return
        }
        Console.line("\(state.id)  \(report.status.rawValue)\(state.isOverdue ? ", overdue" : "")")
        Console.line("started \(state.startedAt), deadline \(state.deadline), definition \(report.entry.version)")
        if let outcome = state.outcome { Console.line("\(outcome)") }
        if let stop = state.stop, state.outcome == nil { Console.line("is undone: \(stop)") }
        for lock in state.locks { Console.line("lock \(lock.key): \(Self.text(lock.status))") }
        var table = Table(rows: [["", "step", "", "attempts", "took", "", "undone"]], numeric: [3])
        for run in state.runs.all { table.rows.append(row(run)) }
        let begun = Set(state.runs.all.map(\.id.name))
        if state.outcome == nil {
            for step in report.definition.allSteps where !begun.contains(step.name) {
                table.rows.append(["·", step.name, "not begun", "", "", "", ""])
            }
        }
        for line in table.lines() { Console.line(line) }
        for note in state.notes { Console.line("\(note.at)  \(note.kind.rawValue): \(note.text)") }
        if state.noteCount > state.notes.count {
            Console.line("and \(state.noteCount - state.notes.count) notes before")
        }
    }

    private func row(_ run: SagaStepState) -> [String] {
        let forward = run.forward
        let why = report.remark(on: run) ?? ""
        return [
            Self.sign(run), run.id.description, forward.status.rawValue, String(forward.attempt), took(forward), why,
            run.compensation.map { undoing in
                "\(undoing.status.rawValue)\(undoing.attempt > 1 ? " after \(undoing.attempt) attempts" : "")"
                    + Self.why(undoing)
            } ?? "",
        ]
    }

    /// An operator's reason, or why it failed.
    private static func why(_ undoing: SagaAttempts) -> String {
        if let remark = undoing.remark { return ": \(remark)" }
        return undoing.status == .done ? "" : undoing.failure.map { ": \($0)" } ?? ""
    }

    private static func sign(_ run: SagaStepState) -> String {
        if run.parked != nil { return "!" }
        if run.compensation?.status == .done { return "↩" }
        switch run.forward.status {
        case .done: return "✓"
        case .running, .backingOff: return "…"
        case .failed, .unknown: return "✗"
        case .dropped, .skipped: return "–"
        case .parked: return "!"
        }
    }

    private func took(_ attempts: SagaAttempts) -> String {
        let end = attempts.endedAt ?? .now()
        let milliseconds = end.elapsed(since: attempts.startedAt).wholeMicroseconds / 1_000
        return milliseconds < 10_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000) s"
    }

    private static func text(_ status: SagaLockState.Status) -> String {
        switch status {
        case .wanted: "waited for"
        case .held(let until): "held until \(until)"
        case .lost: "lost"
        case .released: "released"
        }
    }

    // MARK: JSON

    static func line(_ summary: SagaSummary) throws -> String {
        try text([
            "id": summary.id, "saga": summary.saga, "status": summary.status.rawValue,
            "started_at": summary.startedAt.description, "ended_at": summary.endedAt?.description,
        ])
    }

    static func line(_ stray: SagaStray) throws -> String {
        try text(["at": stray.at.description, "note": stray.note])
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// A saga as `show --json` writes it.
private struct SagaDocument: Encodable {
    var id: String
    var saga: String
    var status: String
    var data: String
    var startedAt: String
    var deadline: String
    var endedAt: String?
    var outcome: String?
    var stop: String?
    var isOverdue: Bool
    var steps: [Step]
    var notes: [Note]

    enum CodingKeys: String, CodingKey {
        case id, saga, status, data, startedAt = "started_at", deadline, endedAt = "ended_at", outcome, stop
        case isOverdue = "overdue", steps, notes
    }

    struct Step: Encodable {
        var step: String
        var forward: Attempts
        var compensation: Attempts?
    }

    struct Attempts: Encodable {
        var status: String
        var attempts: Int
        var startedAt: String
        var endedAt: String?
        var due: String?
        var failure: String?
        var reply: String?
        var remark: String?

        enum CodingKeys: String, CodingKey {
            case status, attempts, startedAt = "started_at", endedAt = "ended_at", due, failure, reply, remark
        }

        init(_ attempts: SagaAttempts) {
            status = attempts.status.rawValue
            self.attempts = attempts.attempt
            startedAt = attempts.startedAt.description
            endedAt = attempts.endedAt?.description
            due = attempts.due?.description
            failure = attempts.failure?.description
            reply = attempts.reply
            remark = attempts.remark
        }
    }

    struct Note: Encodable {
        var at: String
        var kind: String
        var text: String
    }

    init(_ report: SagaAdministration.Report) {
        let state = report.entry.state
        id = state.id
        saga = state.saga.text
        status = report.status.rawValue
        data = state.data
        startedAt = state.startedAt.description
        deadline = state.deadline.description
        if case .ended(_, let time) = state.phase { endedAt = time.description }
        outcome = state.outcome?.description
        stop = state.stop?.description
        isOverdue = state.isOverdue
        steps = state.runs.all.map { run in
            Step(
                step: run.id.description, forward: Attempts(run.forward),
                compensation: run.compensation.map { Attempts($0) })
        }
        notes = state.notes.map { Note(at: $0.at.description, kind: $0.kind.rawValue, text: $0.text) }
    }
}
