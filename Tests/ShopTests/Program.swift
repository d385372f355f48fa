import Foundation
import TestKit

/// A program that is run to its end, and what it prints.
struct Program {
    struct Outcome {
        var status: Int32
        var output: String
    }

    var path: String
    var arguments: [String] = []
    var environment: [String: String] = [:]

    /// Runs it. A cancelled task (a test whose time is up) ends it.
    ///
    /// - Parameter listener: is given all that was printed so far whenever there is more, and may end the program.
    func run(_ listener: (String, Process) -> Void = { _, _ in }) async throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let pipe = try PrivatePipe()
        process.standardOutput = pipe.writing
        process.standardError = pipe.writing
        let (pieces, printing) = AsyncStream.makeStream(of: Data.self)
        pipe.reading.readabilityHandler = { handle in
            let piece = handle.availableData
            guard piece.isEmpty else {
                printing.yield(piece)
                return
            }
            handle.readabilityHandler = nil
            printing.finish()
        }
        let (statuses, ending) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            ending.yield(process.terminationStatus)
            ending.finish()
        }
        try process.start()
        try pipe.writing.close()
        return await withTaskCancellationHandler {
            var printed = Data()
            for await piece in pieces {
                printed += piece
                listener(String(decoding: printed, as: UTF8.self), process)
            }
            var status: Int32 = -1
            for await ended in statuses { status = ended }
            return Outcome(status: status, output: String(decoding: printed, as: UTF8.self))
        } onCancel: {
            process.terminate()
        }
    }
}
