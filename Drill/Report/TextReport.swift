public import DrillJudge

/// A drill's report as text.
public struct TextReport: Sendable {
    private let history: History
    private let judgement: Judgement

    public init(_ history: History, _ judgement: Judgement) {
        self.history = history
        self.judgement = judgement
    }

    public var text: String {
        [heading, findings, figures, faults, history.notes].filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n") + "\n"
    }

    /// Whether every promise was kept, and how to do the same again.
    public var heading: [String] {
        let verdict =
            judgement.isClean
            ? "every promise was kept"
            : "\(judgement.findings.count) FINDING\(judgement.findings.count == 1 ? "" : "S")"
        return ["failure drill: \(verdict)"] + (history.opening.map { ["again: \($0.command)"] } ?? [])
    }

    public var findings: [String] { judgement.findings.map(\.description) }

    private var figures: [String] {
        Summary(history, judgement).lines.map { name, value in
            "\(name)\(String(repeating: " ", count: max(1, 36 - name.count)))\(value)"
        }
    }

    private var faults: [String] {
        history.faults.map { fault in
            let recovery = history.recoveries.first { $0.step == fault.step }
            let again = recovery.map { $0.milliseconds.map { "after \(Telling.seconds($0))" } ?? "NEVER" } ?? "-"
            return "\(fault.number). \(fault.name): \(Telling.seconds(fault.begin)) to "
                + "\(fault.end.map(Telling.seconds) ?? "the end"), carried again \(again)"
        }
    }
}
