import DrillJudge
import FleetCore
import Foundation
import Synchronization
import TestKit

/// A `flotilla run` of the drill, with whoever starts it again after it has ended, as a system's supervisor would.
final class Instance: Sendable {
    let number: Int
    private let directory: DrillDirectory
    private let leash: Leash
    private let history: HistoryFile
    private let state = Mutex(State())

    private struct State {
        var process: DrillProcess?
        /// Whether it is to be running.
        var isWanted = true
        /// Whether its end was told to it.
        var isExpectedToEnd = false
        var clockOffset = 0
    }

    private static let restartDelay = Duration.milliseconds(250)
    private static let look = Duration.milliseconds(10)
    private static let endLimit = Duration.seconds(120)

    init(_ number: Int, directory: DrillDirectory, leash: Leash, history: HistoryFile) {
        self.number = number
        self.directory = directory
        self.leash = leash
        self.history = history
    }

    var name: String { "run \(number + 1)" }
    var log: String { directory.file("run-\(number + 1).log") }

    /// Keeps it running until the task is cancelled; it is killed then, unless it was stopped before.
    func supervise() async throws {
        defer { state.withLock { $0.process?.send(SIGKILL) } }
        while !Task.isCancelled {
            let (process, isWanted, offset) = state.withLock { ($0.process, $0.isWanted, $0.clockOffset) }
            if let process {
                if let ending = process.ended {
                    let isExpected = state.withLock { state in
                        state.process = nil
                        return state.isExpectedToEnd || !state.isWanted
                    }
                    if !isExpected {
                        // Whoever takes over from one that is paused kills it, where it holds a file's lock.
                        history.write(
                            ending == .signal(SIGKILL)
                                ? .noted("\(name) was killed by its successor")
                                : .died(process: name, how: "it ended by itself, with \(ending)\(lastWords)"))
                        try await Task.sleep(for: Self.restartDelay)
                    }
                }
            } else if isWanted {
                let started = try await Blocking.run { [self] in try start(clockOffset: offset) }
                state.withLock { state in
                    state.process = started
                    state.isExpectedToEnd = false
                    // Somebody wanted it gone while it was being started.
                    if !state.isWanted { started.send(SIGKILL) }
                }
            }
            try await Task.sleep(for: Self.look)
        }
    }

    private func start(clockOffset: Int) throws -> DrillProcess {
        try DrillProcess(
            directory.flotilla, ["run"], in: directory.path,
            environment: clockOffset == 0 ? [:] : ["FLOTILLA_CLOCK_OFFSET": "\(clockOffset)"], log: log, leash: leash)
    }

    private var logLines: [Substring] {
        ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    /// The end of its log, to be told behind something else.
    private var lastWords: String { logLines.suffix(4).map { "\n        \($0)" }.joined() }

    /// Whether it carries the fleet, as its log tells.
    var carries: Bool {
        guard state.withLock({ $0.process != nil && $0.process?.ended == nil }) else { return false }
        let last = logLines.last { line in Self.turns.contains { line.contains($0) } }
        return last?.contains(" carrying fleet") == true && last?.contains("no longer") == false
    }

    /// What its log says when it begins to carry, and when it does so no longer.
    private static let turns = ["carrying fleet", "waiting for fleet", "stopped;"]

    // MARK: What is done to it

    /// `kill -9`; it stays away until ``wakeUp()``.
    func kill() { end(SIGKILL) }

    private func end(_ signal: Int32) {
        state.withLock { state in
            state.isWanted = false
            state.isExpectedToEnd = true
            state.process?.send(signal)
        }
    }

    /// Lets it be started again.
    func wakeUp() { state.withLock { $0.isWanted = true } }

    func pause() { state.withLock { $0.process?.send(SIGSTOP) } }

    func resume() { state.withLock { $0.process?.send(SIGCONT) } }

    /// From its next start on, its clock shows so many seconds more than the machine's.
    func offsetClock(bySeconds seconds: Int) { state.withLock { $0.clockOffset = seconds } }

    /// Ends it as Ctrl-C does, and waits.
    func interrupt() async throws {
        let process = state.withLock { $0.process }
        end(SIGINT)
        guard let process else { return }
        guard let ending = try await process.end(within: Self.endLimit) else {
            return history.write(.died(process: name, how: "SIGINT did not end it, and it was killed"))
        }
        if ending != .code(0) { history.write(.died(process: name, how: "it ended with \(ending) on SIGINT")) }
    }
}
