import Foundation
import Synchronization
import TestKit

/// One process of the real program, with its output in files.
///
/// It is killed when nobody holds it any more.
final class Program: Sendable {
    /// How a process ended.
    enum Ending: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    /// Where the products of this build are: the test bundle stands beside the program.
    static let path: String = {
        let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        var directory = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        while directory.path != "/" {
            let candidate = directory.appendingPathComponent("flotilla").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            directory.deleteLastPathComponent()
        }
        return "flotilla"
    }()

    private let process = Process()
    /// Keeps the files' directory there.
    private let owner: FleetDirectory
    private let ending = Mutex<Ending?>(nil)
    private let outputPath: String
    private let errorPath: String

    /// Starts it.
    init(
        _ arguments: [String], in fleet: FleetDirectory, environment: [String: String] = [:], input: String? = nil,
        scratch: String
    ) throws {
        owner = fleet
        let name = UUID().uuidString
        outputPath = "\(scratch)/\(name).out"
        errorPath = "\(scratch)/\(name).err"
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: fleet.path)
        var all = ProcessInfo.processInfo.environment
        all["FLOTILLA_CRASH_AT"] = nil
        process.environment = all.merging(environment) { $1 }
        var handles = [try Self.handle(outputPath), try Self.handle(errorPath)]
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        process.standardInput = FileHandle.nullDevice
        if let input {
            let path = "\(scratch)/\(name).in"
            try input.write(toFile: path, atomically: false, encoding: .utf8)
            if let handle = FileHandle(forReadingAtPath: path) {
                process.standardInput = handle
                handles.append(handle)
            }
        }
        process.terminationHandler = { [weak self] process in
            let how: Ending =
                process.terminationReason == .exit
                ? .code(process.terminationStatus) : .signal(process.terminationStatus)
            self?.ending.withLock { $0 = how }
        }
        try process.start()
        // The process has its own by now, and a test run starts hundreds.
        for handle in handles { try handle.close() }
    }

    deinit {
        if process.isRunning { kill() }
    }

    private static func handle(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw Trouble("\(path) cannot be written") }
        return handle
    }

    var processID: Int32 { process.processIdentifier }
    /// `nil` while it runs.
    var ended: Ending? { ending.withLock { $0 } }
    var isStopped: Bool { ProcessTable.isStopped(processID) }
    var output: String { Self.text(outputPath) }
    var errors: String { Self.text(errorPath) }

    /// The lines of its log so far.
    var logLines: [Substring] { errors.split(separator: "\n") }

    func send(_ signal: Int32) { _ = Foundation.kill(processID, signal) }

    /// As `kill -9` does.
    func kill() { send(SIGKILL) }

    /// Waits for its end.
    /// - Throws: where it takes longer; it is killed then.
    @discardableResult
    func end(within limit: Duration = .seconds(180)) async throws -> Ending {
        do {
            return try await eventually("the program ends", within: limit, every: .milliseconds(1)) { self.ended }
        } catch {
            kill()
            throw Trouble("\(process.arguments ?? []) did not end within \(limit); it said: \(output)\(errors)")
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

/// What went wrong in a test's own doing.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
