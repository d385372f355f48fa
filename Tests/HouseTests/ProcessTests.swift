import Foundation
import TestKit
import Testing

/// Processes that tests start, many at a time.
@Suite struct ProcessTests {
    /// That a process and its output have ended is seen, whatever else is started at the same moment and goes on.
    @Test func anEndIsSeenWhateverElseStarts() async throws {
        let others = Others()
        for _ in 0..<2 { Thread.detachNewThread { others.startMany() } }
        let outputs = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try (0..<300).map { _ in try Self.echo() } })
            }
        }
        #expect(outputs.allSatisfy { $0 == "done\n" })
        #expect(others.end() > 0)
    }

    /// No test starts a process, or makes a pipe, in the way that `anEndIsSeenWhateverElseStarts` tells to be unsafe.
    @Test func testsStartProcessesInOneWay() throws {
        for folder in ["Tests", "Drill"] {
            let place = FloorTests.root.appendingPathComponent(folder)
            let files = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)
            for case let file as URL in try #require(files) where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                guard text.contains("= Process()") else { continue }
                #expect(!text.contains(#/\b(?:Process|process|shell|older|server)\.run\(\)|[^e]Pipe\(\)/#), "\(file.path)")
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

/// Processes that go on until they are ended, all at once.
private final class Others: @unchecked Sendable {
    // Used under the lock alone.
    private var running: [Process] = []
    private var isOver = false
    private let lock = NSLock()

    /// Starts one after the other, so many that one is nearly always about to start.
    func startMany() {
        for _ in 0..<100 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sleep")
            process.arguments = ["60"]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            guard (try? process.start()) != nil else { return }
            let isOver = lock.withLock {
                if !self.isOver { running.append(process) }
                return self.isOver
            }
            if isOver {
                process.terminate()
                return
            }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    /// Ends them.
    /// - Returns: how many there are that had not ended by themselves before.
    func end() -> Int {
        let all = lock.withLock {
            isOver = true
            return running
        }
        let count = all.filter(\.isRunning).count
        for process in all { process.terminate() }
        return count == all.count ? count : 0
    }
}
