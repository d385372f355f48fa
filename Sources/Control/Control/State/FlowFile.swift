import FleetCore
import Foundation
import SQLiteConnection
import Stores

/// What operators have told parts of a fleet, in a file of the state directory.
struct FlowFile: Sendable {
    let directory: String

    private var path: String { "\(directory)/flow.json" }

    /// How long somebody else who changes the file is waited for.
    private static let patience = Duration.seconds(5)
    /// Far more than a fleet's parts need.
    private static let sizeLimit = ByteCount.mebibytes(4)

    private struct Entry: Codable {
        var subject: String
        var pausedSince: String?
        var reason: String?
        var restarts: Int64

        enum CodingKeys: String, CodingKey {
            case subject, pausedSince = "paused_since", reason, restarts
        }
    }

    /// - Throws: `corrupt` where the file is none of ours; `unavailable` where it cannot be read.
    func read() throws -> [FlowEntry] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
            return []
        } catch {
            try FileAccess.check(path)
            throw FleetError(
                .unavailable, "\(path) cannot be read", remedy: "check the permissions of the state directory",
                isRetriable: true, underlying: error.localizedDescription)
        }
        do {
            guard data.count <= Self.sizeLimit.value else { throw CocoaError(.fileReadTooLarge) }
            return try JSONDecoder().decode([Entry].self, from: data).map { entry in
                let since = entry.pausedSince.map { Timestamp($0) ?? Timestamp(microseconds: 0) }
                return FlowEntry(
                    subject: entry.subject, pausedSince: since, reason: entry.reason, restarts: entry.restarts)
            }
        } catch {
            throw FleetError(
                .corrupt, "\(path), which says what is paused, is damaged",
                remedy: "remove it, and pause again what is to be paused")
        }
    }

    /// Changes the entry of a part, unless `body` returns `false`.
    /// - Returns: what `body` does.
    func change(_ subject: String, _ body: (inout FlowEntry) -> Bool) async throws -> Bool {
        let lock = try await lock()
        defer { close(lock) }
        var entries = try read()
        let index = entries.firstIndex { $0.subject == subject } ?? entries.count
        if index == entries.count { entries.append(FlowEntry(subject: subject)) }
        guard body(&entries[index]) else { return false }
        entries.sort { $0.subject < $1.subject }
        let written = entries.map { entry in
            Entry(
                subject: entry.subject, pausedSince: entry.pausedSince?.description, reason: entry.reason,
                restarts: entry.restarts)
        }
        do {
            try JSONEncoder().encode(written).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw FleetError(
                .unavailable, "\(path) cannot be written", remedy: "check the permissions of the state directory",
                underlying: error.localizedDescription)
        }
        return true
    }

    /// One at a time changes the file. The lock goes with the descriptor.
    private func lock() async throws -> Int32 {
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let descriptor = open("\(directory)/flow.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FleetError(
                .unavailable, "\(directory)/flow.lock cannot be opened",
                remedy: "check the permissions of the state directory", underlying: String(cString: strerror(errno)))
        }
        var time = WaitingTime(Self.patience)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard !time.isOver(), !Task.isCancelled else {
                close(descriptor)
                throw FleetError(
                    .busy, "another process changes \(path)", remedy: "run this again", isRetriable: true)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return descriptor
    }
}
