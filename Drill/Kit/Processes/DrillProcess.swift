import Foundation
import Synchronization
import TestKit

/// A process that a drill has started, with its output in a file.
final class DrillProcess: Sendable {
    enum Ending: Sendable, Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let signal): "signal \(signal)"
            }
        }
    }

    private let process = Process()
    private let ending = Mutex<Ending?>(nil)
    var processID: Int32 { process.processIdentifier }

    /// Starts it. Blocks for a moment.
    /// - Parameters:
    ///   - output: where its standard output goes; nowhere without.
    ///   - log: where its standard error goes, behind what is there.
    init(
        _ program: String, _ arguments: [String], in directory: String, environment: [String: String] = [:],
        output: String? = nil, log: String, leash: Leash
    ) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let files = try [output, log].compactMap(\.self).map { try Self.open($0) }
        process.standardOutput = output == nil ? FileHandle.nullDevice : files[0]
        process.standardError = files.last
        process.terminationHandler = { [weak self] process in
            leash.ended(process.processIdentifier)
            self?.ending.withLock {
                $0 =
                    process.terminationReason == .exit
                    ? .code(process.terminationStatus) : .signal(process.terminationStatus)
            }
        }
        try process.start()
        leash.started(processID)
        for file in files { try file.close() }
    }

    private static func open(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else { throw CheckFailure("\(path) cannot be written") }
        try file.seekToEnd()
        return file
    }

    /// `nil` while it runs.
    var ended: Ending? { ending.withLock { $0 } }

    func send(_ signal: Int32) {
        // Once it has ended, its number may be another's.
        ending.withLock { if $0 == nil { _ = kill(processID, signal) } }
    }

    /// Waits for its end, and kills it where that takes too long.
    /// - Returns: how it ended by itself; `nil` where it was killed.
    func end(within limit: Duration) async throws -> Ending? {
        do {
            try await eventually(deadline: limit, "process \(processID) ends") { self.ended != nil }
            return ended
        } catch is CheckFailure {
            send(SIGKILL)
            return nil
        }
    }
}
