import Brokers
import EmbeddedBroker
import FleetCore
import Foundation
import TestKit
import Testing

/// Of several processes that append to a stream, only the one that took over last may.
@Suite struct FencingTests {
    private let stream = StreamName(fleet: FleetName(unchecked: "f"), service: ServiceName(unchecked: "s"))
    private let retention = Retention(age: .seconds(86_400), size: .gibibytes(1), limit: .gibibytes(2))

    private func event(_ number: UInt64) -> Event {
        Event(
            id: EventID(high: 0, low: number), source: stream.source, type: "Happened", key: "k",
            aggregateType: "thing",
            time: Timestamp(microseconds: 0), payload: Array("{}".utf8))
    }

    private func broker(_ directory: TemporaryDirectory, epoch: Int64?) -> EmbeddedBroker {
        EmbeddedBroker(directory: directory.path, retention: retention, epoch: epoch)
    }

    private func madeDirectory() async throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let setup = EmbeddedBrokerSetup(directory: directory.path, retention: retention)
        _ = try await setup.apply(BrokerNeeds(streams: [stream], subscriptions: []))
        return directory
    }

    @Test func whoeverWasTakenOverFromAppendsNothing() async throws {
        let directory = try await madeDirectory()
        let (first, second) = (broker(directory, epoch: 1), broker(directory, epoch: 2))
        #expect(try await first.append([event(1)], to: stream) == LogPosition(1))
        #expect(try await second.append([event(2)], to: stream) == LogPosition(2))
        try await checkThrows(.fenced) { try await first.append([event(3)], to: stream) }
        #expect(try await second.append([event(4)], to: stream) == LogPosition(3))
        let there = try await first.read(
            stream, after: .start, limit: BatchLimit(events: 9, bytes: .mebibytes(1)))
        #expect(there.map(\.event.id.low) == [1, 2, 4])
        await first.close()
        await second.close()
    }

    @Test func whoeverNobodyCanFenceAppends() async throws {
        let directory = try await madeDirectory()
        let (first, alone) = (broker(directory, epoch: 7), broker(directory, epoch: nil))
        _ = try await first.append([event(1)], to: stream)
        #expect(try await alone.append([event(2)], to: stream) == LogPosition(2))
        await first.close()
        await alone.close()
    }

    /// A file of version 1 is told, and brought to this version by `apply`.
    @Test func fileOfAnOlderVersionIsBroughtToThisOne() async throws {
        let directory = try await madeDirectory()
        let first = broker(directory, epoch: nil)
        _ = try await first.append([event(1)], to: stream)
        await first.close()
        let path = directory.file("\(stream).db")
        let older = Process()
        older.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        older.arguments = [
            "python3", "-c",
            """
            import sqlite3, sys
            db = sqlite3.connect(sys.argv[1])
            db.execute("ALTER TABLE bounds DROP COLUMN epoch")
            db.execute("PRAGMA user_version = 1")
            db.commit()
            """, path,
        ]
        try older.start()
        older.waitUntilExit()
        #expect(older.terminationStatus == 0)

        let second = broker(directory, epoch: 3)
        let error = try await checkThrows(.notApplied) { try await second.append([event(2)], to: stream) }
        #expect(error.description.contains("flotilla apply"))
        let setup = EmbeddedBrokerSetup(directory: directory.path, retention: retention)
        let needs = BrokerNeeds(streams: [stream], subscriptions: [])
        #expect(try await setup.plan(needs).count == 1)
        _ = try await setup.apply(needs)
        #expect(try await setup.plan(needs).isEmpty)
        #expect(try await second.append([event(2)], to: stream) == LogPosition(2))
        await second.close()
    }
}
