public import DrillJudge
import DrillReport
import Foundation

/// A drill's history, observations and reports, in its directory.
public struct ReportFiles: Sendable {
    let directory: DrillDirectory

    /// Judges a drill that has ended, and writes its reports anew.
    public static func judge(_ path: String) throws -> Judgement {
        let directory = try DrillDirectory(path)
        let judgement = Judge.judge(
            try HistoryFile.read(directory.history), try ObservationsFile.read(directory.observations))
        try ReportFiles(directory: directory).write(try HistoryFile.read(directory.history), judgement)
        return judgement
    }

    func write(_ history: History, _ judgement: Judgement) throws {
        try Data(TextReport(history, judgement).text.utf8).write(to: URL(fileURLWithPath: directory.textReport))
        try Data(PageReport(history, judgement).page.utf8).write(to: URL(fileURLWithPath: directory.page))
    }
}
