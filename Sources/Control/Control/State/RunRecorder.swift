import FleetCore
import Foundation
import Logging
import Relay
import ServiceLifecycle

/// What a run says of itself to other processes: the conditions that stand in its way. In `run.json` of the state
/// directory, or in the fleet's state store.
struct RunRecord: Codable, Sendable {
    struct Condition: Codable, Sendable, Hashable {
        var subject: String
        var stream: String
        var message: String
        var since: String
        var count: Int
    }

    /// What is on its way between an outbox and the broker: captured, and not settled.
    struct Captured: Codable, Sendable, Hashable {
        var stream: String
        var count: Int
        /// When the first of these events occurred.
        var oldest: String?
    }

    var process: Int32
    var startedAt: String
    var conditions: [Condition]
    /// Parts that rest because an operator has told them to. `nil` in what an older Flotilla wrote.
    var paused: [String]?
    var captured: [Captured]?

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
    let relays: [RelayService]
    let changes: ChangeSignal
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            var record = RunRecord(process: getpid(), startedAt: Timestamp.now().description, conditions: [])
            await save(record)
            var known = [Int](repeating: 0, count: work.count)
            var missing: Set<Int> = []
            var paused: Set<String> = []
            var saved = ContinuousClock.now
            while !Task.isCancelled {
                let generation = changes.generation
                let snapshots = work.map(\.progress.snapshot)
                var mustSave = false
                if snapshots.map(\.conditionChanges) != known {
                    for index in work.indices where snapshots[index].conditionChanges != known[index] {
                        // That a file is gone is said best by who had it open; who opens it anew knows less.
                        let isMissing = snapshots[index].condition?.error.code == .missing
                        if !isMissing || !missing.contains(index) { log(work[index], snapshots[index]) }
                        if isMissing { missing.insert(index) } else { missing.remove(index) }
                    }
                    known = snapshots.map(\.conditionChanges)
                    record.conditions = zip(work, snapshots).compactMap(condition)
                    mustSave = true
                }
                let resting = resting(snapshots)
                if resting != record.paused {
                    tell(resting, &paused)
                    record.paused = resting
                    mustSave = true
                }
                let captured = captured
                if captured != record.captured, mustSave || ContinuousClock.now - saved >= Self.interval {
                    record.captured = captured
                    mustSave = true
                }
                if mustSave {
                    await save(record)
                    saved = .now
                }
                await changes.wait(past: generation, timeout: Self.interval)
                // Many changes at once are one.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// How often what is on its way is written down, while that changes.
    private static let interval = Duration.seconds(1)

    /// Parts that are told to rest, and of which nothing is under way any more.
    private func resting(_ snapshots: [FleetCore.Progress.Snapshot]) -> [String] {
        let told = zip(work, snapshots).filter { $0.0.isPaused }
        let busy = Set(told.filter { !$0.1.isIdle }.map(\.0.subject))
        return Set(told.map(\.0.subject)).subtracting(busy).sorted()
    }

    private func tell(_ resting: [String], _ known: inout Set<String>) {
        let now = Set(resting)
        for subject in now.subtracting(known).sorted() { logger.info("\(subject) is paused") }
        for subject in known.subtracting(now).sorted()
        where work.contains(where: { $0.subject == subject && !$0.isPaused }) {
            logger.info("\(subject) is resumed")
        }
        known = now
    }

    private var captured: [RunRecord.Captured] {
        relays.compactMap { relay in
            let captured = relay.captured
            guard captured.count > 0 else { return nil }
            return RunRecord.Captured(
                stream: relay.stream.description, count: captured.count, oldest: captured.oldest?.description)
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
        let logger = logger.about(work.stream)
        if let condition = snapshot.condition {
            logger.warning(
                "\(work.progress.name) waits: \(condition.error)",
                metadata: Logger.Metadata().about(condition.error.trace))
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
