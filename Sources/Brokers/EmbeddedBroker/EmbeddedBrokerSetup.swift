public import Brokers
import FleetCore
import Foundation
import SQLiteConnection

/// Makes the files of an embedded broker's streams, and registers who reads them.
public struct EmbeddedBrokerSetup: BrokerSetup {
    private let directory: String
    private let retention: Retention

    public init(directory: String, retention: Retention) {
        self.directory = directory
        self.retention = retention
    }

    public func plan(_ needs: BrokerNeeds) async throws -> [String] {
        try MovedStreams(directory: directory).check()
        var steps: [String] = []
        for stream in needs.streams {
            guard let log = try await openIfPresent(stream) else {
                steps.append("create stream \(stream)")
                steps += readers(of: stream, in: needs).map { "subscribe \($0) to stream \(stream)" }
                continue
            }
            defer { log.close() }
            if try await log.isOfOlderVersion() {
                steps.append("bring the file of stream \(stream) to this version")
            }
            let cursors = try await log.cursors()
            let declared = readers(of: stream, in: needs)
            steps += declared.filter { cursors[$0.description] == nil }.map { "subscribe \($0) to stream \(stream)" }
            let wanted = Set(declared.map(\.description))
            for known in cursors.keys.sorted() where !wanted.contains(known) && !Self.isAtWork(known) {
                steps.append("unsubscribe \(known), which is no longer declared, from stream \(stream)")
            }
        }
        return steps
    }

    public func apply(_ needs: BrokerNeeds) async throws -> [String] {
        let steps = try await plan(needs)
        if steps.isEmpty { return [] }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw FleetError(
                .unavailable, "\(directory) cannot be made", remedy: "check the permissions of the directory above it",
                underlying: error.localizedDescription)
        }
        for stream in needs.streams {
            let path = EmbeddedBroker.path(of: stream, in: directory)
            let log = try await StreamLog(
                stream: stream, path: path, mode: .create, retention: retention, clock: .system)
            defer { log.close() }
            let declared = readers(of: stream, in: needs)
            for reader in declared { try await log.subscribe(reader, at: nil) }
            let wanted = Set(declared.map(\.description))
            for known in try await log.cursors().keys where !wanted.contains(known) && !Self.isAtWork(known) {
                try await log.unsubscribe(known)
            }
        }
        return steps
    }

    /// A rebuild and a copy at work hold a cursor of their own, which is nobody's to remove.
    private static func isAtWork(_ subscription: String) -> Bool {
        subscription.hasSuffix("~rebuild") || subscription == StreamCopyLock.subscription.description
    }

    private func readers(of stream: StreamName, in needs: BrokerNeeds) -> [SubscriptionName] {
        needs.subscriptions.filter { $0.stream == stream }.map(\.subscription)
    }

    private func openIfPresent(_ stream: StreamName) async throws -> StreamLog? {
        let path = EmbeddedBroker.path(of: stream, in: directory)
        try FileAccess.check(path)
        guard FileIdentity.exists(path) else { return nil }
        return try await StreamLog(
            stream: stream, path: path, mode: .readWrite, retention: retention, clock: .system)
    }
}
