#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// However a drill ends, its servers do.
    @Suite(.serialized) struct EndOfDrillTests {
        private static let program: String = {
            let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
            var directory = executable.resolvingSymlinksInPath().deletingLastPathComponent()
            while directory.path != "/" {
                let candidate = directory.appendingPathComponent("flotilla-drill").path
                if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
                directory.deleteLastPathComponent()
            }
            return "flotilla-drill"
        }()

        @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func nothingIsLeft(signal: Int32) async throws {
            let directory = try TemporaryDirectory()
            let log = directory.file("log")
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Self.program)
            process.arguments = ["--seconds", "300", "--directory", directory.file("drill")]
            let output = try #require(FileHandle(forWritingAtPath: log))
            process.standardError = output
            try process.start()
            func said() -> String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
            // A fault may last, and other fleets be at work.
            try await eventually(deadline: .seconds(480), "the first fault is over; it said: \(said())") {
                try check(process.isRunning, "it ended: \(said())")
                return said().contains("step 1")
            }
            let tree = ProcessTable.tree(of: process.processIdentifier)
            // PostgreSQL with its processes, two runs, and their leashes.
            #expect(tree.count > 5)
            kill(process.processIdentifier, signal)
            try await eventually("the drill ends") { !process.isRunning }
            if signal != SIGKILL {
                #expect(process.terminationReason == .exit && process.terminationStatus == 130)
                #expect(said().contains("\(directory.path)/drill/history.jsonl"))
            }
            try await eventually("everything that it started ends") { tree.allSatisfy { !ProcessTable.isRunning($0) } }
            let mounts = try String(contentsOfFile: "/proc/mounts", encoding: .utf8)
            let fleet = try String(contentsOfFile: directory.file("drill/fleet.yaml"), encoding: .utf8)
            let state = try #require(fleet.firstMatch(of: /directory: "([^"]*)"/)?.1)
            #expect(!mounts.contains(state))
        }
    }
#endif
