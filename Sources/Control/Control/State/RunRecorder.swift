import FleetCore
import Foundation
import Logging
import ServiceLifecycle

/// What a run says of itself to other processes: the conditions that stand in its way. In `run.json` of the state
/// directory, or in the fleet's state store.
struct RunRecord: Codable, Sendable {
    struct Condition: Codable, Sendable {
        var subject: String
        var stream: String
        var message: String
        var since: String
        var count: Int
    }

    var process: Int32
    var startedAt: String
    var conditions: [Condition]

    static func path(in directory: String) -> String { "\(directory)/run.json" }

    /// The last run's record; `nil` where there is none, or it cannot be read.
    static func read(from directory: String) -> RunRecord? {
        guard let data = FileManager.default.contents(atPath: path(in: directory)) else { return nil }
        return try? JSONDecoder().decode(RunRecord.self, from: data)
    }

    func write(to directory: String) throws {
        try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: Self.path(in: directory)), options: .atomic)
    }
}

/// Logs each condition once when it comes and once when it goes, and keeps the ``RunRecord`` up to date.
struct RunRecorder: Service {
    let hold: any FleetHold
    let work: [FleetRun.Work]
    let changes: ChangeSignal
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            var record = RunRecord(process: getpid(), startedAt: Timestamp.now().description, conditions: [])
            await save(record)
            var known = [Int](repeating: 0, count: work.count)
            while !Task.isCancelled {
                let generation = changes.generation
                let snapshots = work.map(\.progress.snapshot)
                if snapshots.map(\.conditionChanges) != known {
                    for index in work.indices where snapshots[index].conditionChanges != known[index] {
                        log(work[index], snapshots[index])
                    }
                    known = snapshots.map(\.conditionChanges)
                    record.conditions = zip(work, snapshots).compactMap(condition)
                    await save(record)
                }
                await changes.wait(past: generation, timeout: .seconds(5))
                // Many changes at once are one.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func condition(_ work: FleetRun.Work, _ snapshot: FleetCore.Progress.Snapshot) -> RunRecord.Condition? {
        snapshot.condition.map { condition in
            RunRecord.Condition(
                subject: work.subject, stream: work.stream.description, message: condition.error.description,
                since: condition.since.description, count: condition.count)
        }
    }

    private func log(_ work: FleetRun.Work, _ snapshot: FleetCore.Progress.Snapshot) {
        var logger = logger
        logger[metadataKey: "stream"] = "\(work.stream)"
        if let condition = snapshot.condition {
            logger.warning("\(work.progress.name) waits: \(condition.error)")
        } else {
            logger.info("\(work.progress.name) goes on")
        }
    }

    private func save(_ record: RunRecord) async {
        do {
            try await hold.save(record)
        } catch {
            logger.warning("what this run says of itself cannot be kept: \(FleetError.wrapping(error).message)")
        }
    }
}
