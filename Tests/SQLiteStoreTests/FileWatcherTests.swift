import FleetCore
import Foundation
import TestKit
import Testing

@testable import SQLiteStore

@Suite struct FileWatcherTests {
    private func append(_ text: String, to path: String) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    @Test func tellsWhichFilesAreWritten() async throws {
        let directory = try TemporaryDirectory()
        let (one, other) = (directory.file("one"), directory.file("other"))
        for path in [one, other] { #expect(FileManager.default.createFile(atPath: path, contents: nil)) }
        let watcher = FileWatcher()
        guard let signal = watcher.watch([one, directory.file("absent")]), let quiet = watcher.watch([other]) else {
            skipLoudly("this system does not tell when files are written")
            return
        }
        for round in 0..<20 {
            let generation = signal.generation
            try append("round \(round)", to: one)
            let start = ContinuousClock.now
            await signal.wait(past: generation, timeout: .seconds(300))
            #expect(signal.generation != generation)
            #expect(ContinuousClock.now - start < .seconds(120))
        }
        #expect(quiet.generation == 0)
        try append("now", to: other)
        try await eventually("the other file is noticed") { quiet.generation > 0 }
    }

    @Test func absentFilesCannotBeWatched() throws {
        let directory = try TemporaryDirectory()
        #expect(FileWatcher().watch([directory.file("absent")]) == nil)
        #expect(FileWatcher().watch([]) == nil)
    }

    @Test func manyCanBeMadeAndLetGo() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        for _ in 0..<300 { _ = FileWatcher().watch([path]) }
    }
}
