import Foundation

/// A program of this machine, run to its end.
public struct Command: Sendable {
    private let executable: String

    /// - Returns: `nil` where the program is not in the `PATH`; says so on standard error, so that a test that is
    ///   skipped for it is not skipped in silence.
    public init?(_ program: String) {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let candidates = path.split(separator: ":").map { "\($0)/\(program)" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            skipLoudly("there is no program \(program)")
            return nil
        }
        executable = found
    }

    /// Runs it, and returns its exit status and what it wrote to standard output and standard error.
    @discardableResult
    public func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let (status, output) = try process.runToEnd()
        return (status, String(decoding: output, as: UTF8.self))
    }

    /// Runs it, and fails where it fails.
    public func succeed(_ arguments: [String], file: String = #fileID, line: Int = #line) throws {
        let (status, output) = try run(arguments)
        try check(status == 0, "\(executable) ended with \(status): \(output)", file: file, line: line)
    }
}

/// Says on standard error what is not tested here, and why.
public func skipLoudly(_ reason: String) {
    FileHandle.standardError.write(Data("SKIPPED: \(reason)\n".utf8))
}
