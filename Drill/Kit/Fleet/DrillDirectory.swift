import Foundation

/// Where a drill keeps its fleet, its history and its report.
struct DrillDirectory: Sendable {
    let path: String

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var fleetFile: String { file("fleet.yaml") }
    var history: String { file("history.jsonl") }
    var observations: String { file("observations.jsonl") }
    var textReport: String { file("report.txt") }
    var page: String { file("report.html") }

    init(_ path: String) throws {
        self.path = URL(fileURLWithPath: path).path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    /// The program, built beside this one; a test bundle stands in the same directory.
    var flotilla: String {
        let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        var directory = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        while directory.path != "/" {
            let candidate = directory.appendingPathComponent("flotilla").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            directory.deleteLastPathComponent()
        }
        return "flotilla"
    }
}
