#if Postgres
    import Foundation
    import Synchronization
    import TestKit
    import Testing

    /// Writes on a thread of its own until the server refuses.
    private final class Writer: Sendable {
        private let end = Mutex<Int?>(nil)

        init(_ fleet: CountingFleet, from start: Int) {
            Thread.detachNewThread { [self] in
                var number = start
                while true {
                    let sql = """
                        BEGIN; \(fleet.counting(number + 1...number + 10)); INSERT INTO written VALUES (\(number + 10)); COMMIT
                        """
                    do { try fleet.psql(sql) } catch { break }
                    number += 10
                }
                end.withLock { $0 = number }
            }
        }

        /// The last number that was surely written; `nil` while it writes.
        var known: Int? { end.withLock { $0 } }
    }

    /// A server that an administrator stops while a fleet is carried from it.
    @Suite(.lanes) struct ServerStopTests {
        @Test(arguments: CountingFleet.Capture.allCases) func aServerStopsAtRestAndUnderTraffic(
            _ capture: CountingFleet.Capture
        ) async throws {
            // It gives up a reader that does not answer only after more time than is waited for here.
            let server = try await PrivatePostgres(settings: ["wal_sender_timeout": "300s"])
            let fleet = try await CountingFleet(capture, server: server)
            let run = try await fleet.fleet.startRun()
            try fleet.psql("CREATE TABLE written (number INT)")
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            let atRest = await server.stopInOrder()
            #expect(atRest < .seconds(180))
            try await server.start()
            try fleet.count(11...20)
            try await fleet.expectAll(20)
            let writer = Writer(fleet, from: 20)
            try await eventually("some were carried") { try fleet.seen() > 300 }
            let underTraffic = await server.stopInOrder()
            #expect(underTraffic < .seconds(180))
            try await eventually("the writer is refused") { writer.known != nil }
            let known = try #require(writer.known)
            try await server.start()
            // The server may have committed what it did not answer.
            let written = Int(try fleet.psql("SELECT max(number) FROM written")) ?? 0
            #expect(written == known || written == known + 10)
            try fleet.count(written + 1...written + 10)
            try await fleet.expectAll(written + 10)
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }
    }
#endif
