import Control
import DrillJudge
import Foundation
import TestKit

/// Asks `flotilla status --json`, as an operator would.
struct StatusReader: Sendable {
    let directory: DrillDirectory
    let leash: Leash
    /// Whoever asks at the same time as another needs a name of its own.
    let name: String

    private static let limit = Duration.seconds(20)

    /// - Returns: `nil` where the answer took too long, or was none.
    func read() async throws -> FleetStatus? {
        let output = directory.file("status-\(name).json")
        let process = try await Blocking.run {
            _ = FileManager.default.createFile(atPath: output, contents: nil)
            return try DrillProcess(
                directory.flotilla, ["status", "--json"], in: directory.path, output: output,
                log: directory.file("status.log"), leash: leash)
        }
        do {
            guard try await process.end(within: Self.limit) != nil else { return nil }
        } catch {
            process.send(SIGKILL)
            throw error
        }
        return try await Blocking.run {
            try? JSONDecoder().decode(FleetStatus.self, from: Data(contentsOf: URL(fileURLWithPath: output)))
        }
    }
}

extension FleetStatus {
    var samples: [LagSample] {
        streams.map {
            LagSample(
                name: $0.service, kind: .stream, pending: $0.pending, seconds: $0.lagSeconds, retained: $0.retainedBytes
            )
        }
            + views.map {
                LagSample(
                    name: "\($0.view) from \($0.stream)", kind: .view, pending: $0.pending, seconds: $0.lagSeconds)
            }
    }

    /// Whether everything could be asked, and nothing waits anywhere.
    var isDrained: Bool {
        !unreachable && streams.allSatisfy { $0.pending == 0 } && views.allSatisfy { $0.pending == 0 }
    }
}
