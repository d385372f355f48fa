import DrillJudge
import DrillReport
import Foundation

/// Writes a drill's reports beside its history.
struct ReportFiles {
    let directory: DrillDirectory

    func write(_ history: History, _ judgement: Judgement) throws {
        try Data(TextReport(history, judgement).text.utf8).write(to: URL(fileURLWithPath: directory.textReport))
        try Data(PageReport(history, judgement).page.utf8).write(to: URL(fileURLWithPath: directory.page))
    }
}
