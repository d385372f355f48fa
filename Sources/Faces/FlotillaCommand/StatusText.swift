import Control
import FleetCore
import Overview

/// A fleet's status as a table, for people.
struct StatusText {
    private let status: FleetStatus
    private let style = Style()

    init(_ status: FleetStatus) {
        self.status = status
    }

    func tell() {
        let carrier = status.runningAs.map { "carried by \($0)" } ?? "not running"
        Console.line(style.bold("fleet \(status.fleet)") + "  " + carrier)
        var table = Table(
            rows: [["stream", "events", "behind", "oldest", "parked", "waiting", ""]], numeric: [1, 2, 3, 4, 5])
        for stream in status.streams {
            table.rows += rows(of: stream)
            for view in status.views where view.stream == stream.stream { table.rows.append(row(of: view)) }
        }
        for (number, line) in table.lines().enumerated() {
            let text = line.replacing(#/ +$/#, with: "")
            Console.line(number == 0 ? style.dim(text) : text)
        }
        tellSagas()
        tellFlows()
        for note in notes { Console.line(style.dim("  " + note)) }
        for error in errors { Console.line(style.yellow("! " + error)) }
    }

    private func tellFlows() {
        guard !status.flows.isEmpty else { return }
        var table = Table(
            rows: [["flow", "unstarted", "running", "stuck", "ended", "failed", "out of order", "late"]],
            numeric: [1, 2, 3, 4, 5, 6, 7])
        for flow in status.flows {
            let counts = [
                flow.unstarted, flow.running, flow.stuck, flow.ended, flow.failed, flow.outOfOrder, flow.late,
            ]
            table.rows.append([flow.flow] + counts.map { String($0) })
        }
        for (number, line) in table.lines().enumerated() { Console.line(number == 0 ? style.dim(line) : line) }
    }

    private func tellSagas() {
        guard !status.sagas.isEmpty else { return }
        var table = Table(
            rows: [["saga", "running", "compensating", "parked", "completed", "compensated", "rejected"]],
            numeric: [1, 2, 3, 4, 5, 6])
        for saga in status.sagas {
            let counts = [
                saga.running, saga.compensating, saga.parked, saga.completed, saga.compensated, saga.rejected,
            ]
            table.rows.append([saga.saga] + counts.map { $0 == 0 ? "-" : String($0) })
        }
        for (number, line) in table.lines().enumerated() { Console.line(number == 0 ? style.dim(line) : line) }
    }

    // MARK: Rows

    private func rows(of stream: FleetStatus.Stream) -> [[String]] {
        let written = stream.written?.events.map { String($0) } ?? "?"
        var rows = [["\(stream.service) outbox", written, "", "", "", "", stream.paused == nil ? "" : "paused"]]
        rows.append(
            ["  captured"] + cells(stream.captured) + [String(stream.parked), String(stream.waiting), ""])
        let records = stream.records.map { records in
            records.count == 0
                ? "empty" : "\(records.first) to \(records.last), \(ByteCount(records.bytes))"
        }
        rows.append(["  in the broker"] + cells(stream.broker) + ["", "", records ?? ""])
        return rows
    }

    private func row(of view: FleetStatus.View) -> [String] {
        let states = [view.paused.map { _ in "paused" }, view.rate.map { "at most \($0)" }].compactMap(\.self)
        return ["  \(view.view)"] + cells(view.delivered) + [
            String(view.parked + view.retrying), String(view.waiting), states.joined(separator: ", "),
        ]
    }

    /// Events, how many are behind, and the age of the oldest of them.
    private func cells(_ stage: StatusStage?) -> [String] {
        guard let stage else { return ["?", "?", "?"] }
        return [
            stage.events.map { String($0) } ?? "?", stage.lagEvents.map { $0 == 0 ? "-" : String($0) } ?? "?",
            stage.lagEvents == 0 ? "-" : stage.lagSeconds.map(Self.age) ?? "?",
        ]
    }

    static func age(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: "\((seconds * 10).rounded() / 10) s"
        case ..<120: "\(Int(seconds)) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3_600)) h"
        default: "\(Int(told: seconds / 86_400)) d"
        }
    }

    // MARK: Lines below the table

    private var notes: [String] {
        var notes: [String] = []
        for stream in status.streams {
            if let retained = stream.retainedBytes, let limit = stream.retainedLimitBytes {
                notes.append(
                    "\(stream.service) outbox: its server keeps \(ByteCount(retained)) of log for it; the bound is"
                        + " \(ByteCount(limit))")
            }
            if let age = stream.oldestParkedSeconds {
                notes.append("\(stream.service) outbox: the oldest parked event is \(Self.age(age)) old")
            }
        }
        for view in status.views {
            if let age = view.oldestParkedSeconds {
                notes.append("\(view.view) from \(view.stream): the oldest parked event is \(Self.age(age)) old")
            }
        }
        return notes
    }

    private var errors: [String] {
        var errors = status.stateError.map { ["the fleet's state: \($0)"] } ?? []
        for pause in status.paused {
            let reason = pause.reason.map { ": \($0)" } ?? ""
            let cure = pause.isDeclared ? "" : "; the fleet file has it no more: `flotilla resume \(pause.subject)`"
            errors.append("\(pause.subject) is paused since \(pause.since)\(reason)\(cure)")
        }
        for stream in status.streams {
            if let error = stream.lastError { errors.append("\(stream.service) outbox: \(error)") }
        }
        for view in status.views {
            if let error = view.lastError { errors.append("\(view.view) from \(view.stream): \(error)") }
            if let first = view.builtFrom, first > 1 {
                errors.append(
                    "\(view.view) from \(view.stream): built from record \(first) on; older ones were dropped before")
            }
        }
        errors += status.undeclaredSagas.map(\.description)
        for saga in status.sagas {
            if let error = saga.lastError { errors.append("saga \(saga.saga): \(error)") }
            if saga.parked > 0 {
                errors.append(
                    "\(saga.parked) of saga \(saga.saga) wait for you: `flotilla sagas list --status parked`")
            }
        }
        for flow in status.flows {
            if let error = flow.lastError { errors.append("flow \(flow.flow): \(error)") }
        }
        return errors
    }
}
