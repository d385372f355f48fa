import Foundation
import GRDB

/// A temporary directory with a fleet file and its stores. It goes when nobody holds it any more.
final class FleetDirectory: Sendable {
    let path: String
    private let scratch: String

    /// What a finished program said.
    struct Result: Sendable {
        var ending: Program.Ending
        var output: String
        var errors: String
        /// For messages of expectations.
        var said: String { "\(ending)\n\(output)\(errors)" }
    }

    /// - Parameter parent: where to make it; the system's temporary directory where there is none.
    init(_ yaml: String? = nil, in parent: String = NSTemporaryDirectory()) throws {
        path = URL(fileURLWithPath: parent).appendingPathComponent("flotilla-\(UUID().uuidString)").path
        scratch =
            URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("flotilla-output-\(UUID().uuidString)").path
        for directory in [path, scratch] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        if let yaml { try write(yaml) }
    }

    deinit {
        for directory in [path, scratch] { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String = "fleet.yaml") throws {
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    }

    /// Starts the program, and leaves it running.
    func start(_ arguments: String..., environment: [String: String] = [:], input: String? = nil) throws -> Program {
        try start(arguments, environment: environment, input: input)
    }

    func start(_ arguments: [String], environment: [String: String] = [:], input: String? = nil) throws -> Program {
        try Program(arguments, in: self, environment: environment, input: input, scratch: scratch)
    }

    /// Runs the program to its end.
    @discardableResult
    func flotilla(
        _ arguments: String..., environment: [String: String] = [:], input: String? = nil,
        within limit: Duration = .seconds(180)
    ) async throws -> Result {
        let program = try start(arguments, environment: environment, input: input)
        let ending = try await program.end(within: limit)
        return Result(ending: ending, output: program.output, errors: program.errors)
    }

    /// Starts `flotilla run`, and waits until it carries.
    func startRun(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program {
        let program = try start(["run"] + arguments, environment: environment)
        try await eventually("flotilla run begins", every: .milliseconds(1)) {
            if let ended = program.ended { throw Trouble("flotilla run ended at once (\(ended)): \(program.errors)") }
            return program.errors.contains("carrying fleet")
        }
        return program
    }

    /// A connection of its own to a service's store, as the service has one.
    func store(_ name: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(180)
        // Tests that lock a store leave a transaction open.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        return try DatabaseQueue(path: file(name), configuration: configuration)
    }
}

extension FleetDirectory.Result {
    /// Whether it ended with an exit code.
    func ended(_ code: Int32) -> Bool { ending == .code(code) }
}
