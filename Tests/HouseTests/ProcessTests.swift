import Foundation
import TestKit
import Testing

/// Processes that tests start, many at a time.
@Suite struct ProcessTests {
    /// That a process and its output have ended is seen, whatever else is started at the same moment and goes on.
    @Test func anEndIsSeenWhateverElseStarts() async throws {
        let others = Others()
        for _ in 0..<3 { Thread.detachNewThread { others.startMany() } }
        let outputs = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        var outputs: [String] = []
                        while !others.areStarted { outputs.append(try Self.echo()) }
                        return outputs
                    })
            }
        }
        #expect(outputs.allSatisfy { $0 == "done\n" })
        // Whoever waited for one of them has waited for its end.
        #expect(others.end())
    }

    /// No test starts a process, or makes a pipe, in the way that `anEndIsSeenWhateverElseStarts` tells to be unsafe.
    @Test func testsStartProcessesInOneWay() throws {
        for folder in ["Tests", "Drill"] {
            let place = FloorTests.root.appendingPathComponent(folder)
            let files = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)
            for case let file as URL in try #require(files) where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                #expect(
                    !text.contains(#/\b(?:Process|process|shell|older|server)\.run\(\)|[^e]Pipe\(\)/#), "\(file.path)")
            }
        }
    }

    private static func echo() throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/echo")
        process.arguments = ["done"]
        process.standardInput = FileHandle.nullDevice
        return String(decoding: try process.runToEnd().output, as: UTF8.self)
    }
}

/// Processes that go on for a minute, unless they are ended before.
private final class Others: @unchecked Sendable {
    // Used under the lock alone.
    private var running: [Process] = []
    private var left = 450
    private let lock = NSLock()

    /// Whether all are started, or could not be.
    var areStarted: Bool { lock.withLock { left <= 0 } }

    /// Starts one after the other: so some are nearly always about to start.
    func startMany() {
        while lock.withLock({ left }) > 0 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sleep")
            process.arguments = ["60"]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            let isStarted = (try? process.start()) != nil
            lock.withLock {
                left -= 1
                if isStarted { running.append(process) }
            }
        }
    }

    /// Ends them.
    /// - Returns: whether none had ended by itself before.
    func end() -> Bool {
        let all = lock.withLock { running }
        let areAtWork = !all.isEmpty && all.allSatisfy(\.isRunning)
        for process in all { process.terminate() }
        return areAtWork
    }
}
