import FleetCore
import Foundation
import Objectives

/// The objectives of a fleet, as a table.
struct ObjectivesText {
    let reading: ObjectivesReading
    let style: Style

    init(_ reading: ObjectivesReading, style: Style = Style()) {
        self.reading = reading
        self.style = style
    }

    func lines() -> [String] {
        guard !reading.objectives.isEmpty else { return ["no objectives are declared"] }
        var table = Table(
            rows: [
                ["", "objective", "of", "wants", "over", "counted", "bad", "budget left", "lasts", "burn", "state"]
            ],
            numeric: [5, 6, 7, 8])
        for objective in reading.objectives { table.rows.append(row(objective)) }
        let lines = table.lines().enumerated().map { number, line in
            number == 0 ? style.dim(line) : colour(line, reading.objectives[number - 1].state)
        }
        let reasons = reading.objectives.compactMap { objective in
            objective.reason.map { "\(objective.name): \($0)" }
        }
        return [heading, ""] + lines + (reasons.isEmpty ? [] : [""] + reasons)
    }

    private var heading: String {
        guard let asOf = reading.asOf else { return "nothing was counted yet: `flotilla run` counts" }
        return reading.isLive ? "as of \(asOf)" : "as of \(asOf); nobody carries the fleet, and nobody counts"
    }

    private func row(_ objective: ObjectiveReading) -> [String] {
        [
            Self.sign(objective.state), objective.name, objective.subject.description,
            ObjectiveText.goal(objective), ObjectiveText.duration(objective.window), String(objective.total),
            String(objective.bad),
            objective.budgetLeft.map(ObjectiveText.percent) ?? "?",
            objective.hoursToExhaustion.map { $0 > 0 ? ObjectiveText.hours($0) : "spent" } ?? "-",
            lights(objective.burns), objective.state.rawValue,
        ]
    }

    /// One sign for each rule: its long window where it fires, a point where it does not.
    private func lights(_ burns: [BurnReading]) -> String {
        burns.map { burn in
            burn.isFiring ? "\(burn.severity.rawValue) \(ObjectiveText.duration(burn.longWindow))!" : "·"
        }.joined(separator: " ")
    }

    private static func sign(_ state: ObjectiveReading.State) -> String {
        switch state {
        case .ok: "·"
        case .burning: "!"
        case .breached: "✗"
        case .unknown: "?"
        }
    }

    private func colour(_ line: String, _ state: ObjectiveReading.State) -> String {
        switch state {
        case .ok: line
        case .burning: style.yellow(line)
        case .breached: style.red(line)
        case .unknown: style.dim(line)
        }
    }
}
