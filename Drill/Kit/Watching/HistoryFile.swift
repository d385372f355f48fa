public import DrillJudge
import Foundation
import Synchronization
import TestKit

/// Writes a history, a line of JSON for each thing that happens, and keeps it in memory for the judge.
public final class HistoryFile: Sendable {
    private let begin = ContinuousClock.now
    private let state: Mutex<State>

    private struct State {
        var file: FileHandle
        var encoder = JSONEncoder()
        var history = History()
        var failure: (any Error)?
    }

    public init(_ path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw CheckFailure("\(path) cannot be written") }
        state = Mutex(State(file: file))
    }

    /// Milliseconds since the drill's beginning.
    public var now: Int { (ContinuousClock.now - begin).wholeMilliseconds }

    /// Writes a line, with this moment's time. The line is with the system when this returns.
    public func write(_ what: HistoryEntry.Happening) {
        let entry = HistoryEntry(at: now, what)
        state.withLock { state in
            state.history.take(entry)
            do {
                var line = try state.encoder.encode(entry)
                line.append(UInt8(ascii: "\n"))
                try state.file.write(contentsOf: line)
            } catch {
                state.failure = state.failure ?? error
            }
        }
    }

    /// What happened so far.
    /// - Throws: where a line could not be written.
    public func read() throws -> History {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.history
        }
    }

    /// Reads a history that was written before. What a drill that was killed wrote only half is left out.
    public static func read(_ path: String) throws -> History {
        var history = History()
        let decoder = JSONDecoder()
        let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n"))
        for (number, line) in lines.enumerated() {
            do {
                history.take(try decoder.decode(HistoryEntry.self, from: line))
            } catch  where number == lines.count - 1 {
                break
            } catch {
                throw CheckFailure("\(path), line \(number + 1): \(error)")
            }
        }
        return history
    }
}

extension Duration {
    var wholeMilliseconds: Int {
        Int(components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
