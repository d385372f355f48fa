public import Brokers
public import FleetCore
import Foundation
import SQLiteConnection
import Synchronization

/// A broker for one machine: each stream is a durable log in a SQLite file of its own, below one directory.
///
/// Its files are made by ``EmbeddedBrokerSetup``; a stream whose file is missing is an error, never an empty stream.
public final class EmbeddedBroker: Broker {
    public let name: String
    private let directory: String
    private let retention: Retention
    private let epoch: Int64?
    private let clock: FleetClock
    private let isReadOnly: Bool
    private let logs = Mutex<[StreamName: Opening]>([:])

    /// A stream's log, opened by whoever needs it first.
    private typealias Opening = Task<StreamLog, any Error>

    /// - Parameters:
    ///   - epoch: of whoever appends: one with a lower epoch than any before is refused. `nil` where nobody can fence it.
    ///   - isReadOnly: whether it is only to be looked at: the files are opened for reading alone, and whatever would write
    ///     to them fails.
    public init(
        directory: String, retention: Retention, epoch: Int64? = nil, clock: FleetClock = .system,
        isReadOnly: Bool = false
    ) {
        self.directory = directory
        self.retention = retention
        self.epoch = epoch
        self.clock = clock
        self.isReadOnly = isReadOnly
        name = "embedded broker in \(directory)"
    }

    static func path(of stream: StreamName, in directory: String) -> String {
        "\(directory)/\(stream).db"
    }

    public func append(_ events: [Event], to stream: StreamName) async throws -> LogPosition {
        try await withLog(stream) { try await $0.append(events) }
    }

    public func read(
        _ stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, limit: BatchLimit
    ) async throws -> [LogRecord] {
        try await withLog(stream) { try await $0.read(after: position, limit: limit) }
    }

    public func waitForRecords(
        in stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, timeout: Duration
    ) async throws {
        try await withLog(stream) { try await $0.waitForRecords(after: position, timeout: timeout) }
    }

    public func bounds(of stream: StreamName) async throws -> StreamBounds {
        try await withLog(stream) { try await $0.bounds() }
    }

    public func appendTime(of position: LogPosition, in stream: StreamName) async throws -> Timestamp? {
        try await withLog(stream) { try await $0.appendTime(of: position) }
    }

    public func subscribe(
        _ subscription: SubscriptionName, to stream: StreamName, at position: LogPosition?
    ) async throws {
        try await withLog(stream) { try await $0.subscribe(subscription, at: position) }
    }

    public func acknowledge(
        upTo position: LogPosition, by subscription: SubscriptionName, in stream: StreamName
    ) async throws {
        try await withLog(stream) { try await $0.acknowledge(upTo: position, by: subscription) }
    }

    public func unsubscribe(_ subscription: SubscriptionName, from stream: StreamName) async throws {
        try await withLog(stream) { try await $0.unsubscribe(subscription.description) }
    }

    public func subscriptions(of stream: StreamName) async throws -> [SubscriptionName: LogPosition] {
        var result: [SubscriptionName: LogPosition] = [:]
        for (text, position) in try await withLog(stream, { try await $0.cursors() }) {
            let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            let name = SubscriptionName(service: ServiceName(unchecked: parts[0]), name: parts[1])
            result[name] = position
        }
        return result
    }

    public func trim(_ stream: StreamName, sparing readers: [SubscriptionName]) async throws {
        try await withLog(stream) { log in
            let copy = StreamCopyLock.subscription.description
            if try await log.cursors()[copy] != nil {
                try await StreamCopyLock.whileFree(in: directory) { try await log.unsubscribe(copy) }
            }
            try await log.trim(sparing: readers)
        }
    }

    public func close() async {
        let openings = logs.withLock { logs in
            defer { logs.removeAll() }
            return Array(logs.values)
        }
        for opening in openings {
            if let log = try? await opening.value { log.close() }
        }
    }

    /// Works with a stream's log, and lets go of it where its file turns out to be damaged, read-only or no longer the
    /// one at its path: whoever comes next opens what is there then.
    private func withLog<Result>(
        _ stream: StreamName, _ body: (StreamLog) async throws -> Result
    ) async throws -> Result {
        let log = try await log(stream)
        do {
            return try await body(log)
        } catch let error as FleetError where [.missing, .corrupt, .readOnly].contains(error.code) {
            if let opening = logs.withLock({ $0[stream] }), (try? await opening.value) === log {
                logs.withLock { logs in
                    if logs[stream] == opening { logs[stream] = nil }
                }
                log.close()
            }
            throw error
        }
    }

    private func log(_ stream: StreamName) async throws -> StreamLog {
        let (directory, retention, epoch, clock) = (directory, retention, epoch, clock)
        let mode: SQLiteConnection.Mode = isReadOnly ? .readOnly : .readWrite
        let opening = logs.withLock { logs in
            if let known = logs[stream] { return known }
            // Owned by `logs` until `close()`; several callers wait for one opening.
            let opening = Opening {
                let path = Self.path(of: stream, in: directory)
                try MovedStreams(directory: directory).check()
                try FileAccess.check(path)
                guard FileIdentity.exists(path) else {
                    throw FleetError(
                        .missing, "the file of stream \(stream) is missing: \(path)",
                        remedy: "restore it, or run `flotilla apply` to begin an empty stream")
                }
                let log = try await StreamLog(
                    stream: stream, path: path, mode: mode, retention: retention, epoch: epoch, clock: clock)
                do {
                    try await log.checkVersion()
                } catch {
                    log.close()
                    throw error
                }
                return log
            }
            logs[stream] = opening
            return opening
        }
        do {
            return try await opening.value
        } catch {
            logs.withLock { logs in
                if logs[stream] == opening { logs[stream] = nil }
            }
            throw error
        }
    }
}
