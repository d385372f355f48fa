public import DrillJudge

/// A drill's report as one HTML page that needs nothing but itself.
public struct PageReport: Sendable {
    private let history: History
    private let judgement: Judgement

    public init(_ history: History, _ judgement: Judgement) {
        self.history = history
        self.judgement = judgement
    }

    public var page: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Failure drill: \(judgement.isClean ? "every promise was kept" : "\(judgement.findings.count) findings")</title>
        <style>
        \(PageStyle.text)
        </style>
        </head>
        <body>
        <main>
        \([heading, findings, Timeline(history).figure, figures, faults, notes].joined(separator: "\n"))
        </main>
        </body>
        </html>

        """
    }

    private var heading: String {
        let lines = TextReport(history, judgement).heading
        return """
            <header class="\(judgement.isClean ? "kept" : "broken")">
            <h1>\(Markup.text(lines[0].prefix(1).uppercased() + lines[0].dropFirst()))</h1>
            \(lines.dropFirst().map { "<p><code>\(Markup.text($0))</code></p>" }.joined())
            </header>
            """
    }

    private var findings: String {
        guard !judgement.isClean else { return "" }
        let items = judgement.findings.map { finding in
            let examples = finding.examples.map { "<li>\(Markup.text($0))</li>" }.joined()
            return """
                <li><strong>\(Markup.text(finding.rule.rawValue))</strong>: \(Markup.text(finding.message))\
                \(examples.isEmpty ? "" : "<ul>\(examples)</ul>")</li>
                """
        }
        return "<section><h2>Findings</h2><ol class=\"findings\">\(items.joined(separator: "\n"))</ol></section>"
    }

    private var figures: String {
        let rows = Summary(history, judgement).lines.map { name, value in
            "<tr><th scope=\"row\">\(Markup.text(name))</th><td>\(Markup.text(value))</td></tr>"
        }
        return "<section><h2>Figures</h2><table>\(rows.joined(separator: "\n"))</table></section>"
    }

    private var faults: String {
        let rows = history.faults.map { fault in
            let recovery = history.recoveries.first { $0.step == fault.step }
            let again = recovery.map { $0.milliseconds.map(Telling.seconds) ?? "never" } ?? "–"
            return """
                <tr><td class="number">\(fault.number)</td><td>\(Markup.text(fault.name))</td>\
                <td class="number">\(Telling.seconds(fault.begin))</td>\
                <td class="number">\(fault.end.map { Telling.seconds($0 - fault.begin) } ?? "–")</td>\
                <td class="number">\(again)</td></tr>
                """
        }
        return """
            <section><h2>Faults</h2><div class="wide"><table>
            <tr><th></th><th>fault</th><th>at</th><th>lasted</th><th>carried again after</th></tr>
            \(rows.joined(separator: "\n"))
            </table></div></section>
            """
    }

    private var notes: String {
        guard !history.notes.isEmpty else { return "" }
        let items = history.notes.map { "<li>\(Markup.text($0))</li>" }
        return "<section><h2>Notes</h2><ul>\(items.joined())</ul></section>"
    }
}

/// Text as HTML and SVG take it.
enum Markup {
    static func text(_ text: some StringProtocol) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
