import ArgumentParser
import DrillJudge
import DrillKit
import Foundation

/// The program: runs failure drills, and tells what they found.
@main
struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-drill",
        abstract: "Run a fleet of real servers, break everything around it, and judge what became of what was written.",
        discussion: """
            Ctrl-C stops all servers, and says where the history lies.

            EXIT CODES
              0 every promise was kept   1 findings, or the drill itself failed   130 Ctrl-C
            """,
        subcommands: [RunCommand.self, JudgeCommand.self], defaultSubcommand: RunCommand.self)

    static func tell(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    /// Prints the report that lies in a drill's directory, and ends with what it says.
    static func end(_ judgement: Judgement, in path: String) throws {
        print(try String(contentsOfFile: "\(path)/report.txt", encoding: .utf8), terminator: "")
        print("page: \(path)/report.html")
        if !judgement.isClean { throw ExitCode(1) }
    }
}

/// Judges a drill again that has ended.
struct JudgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Judge a drill again, from its history and what was observed.")

    @Argument(help: "The drill's directory.")
    var directory: String

    func run() throws {
        try DrillCommand.end(try ReportFiles.judge(directory), in: directory)
    }
}
