#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// A batch is bounded in bytes while it is read, and not only after.
    @Suite(.serialized, .lanes) struct MemoryTests {
        private static let rows = 300
        private static let size = 1_000_000

        /// What a process had at most, in kilobytes.
        private func peak(of process: Int32) throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            return line.flatMap { Int($0.filter(\.isNumber)) } ?? .max
        }

        /// Rows that are there before the slot are the backlog.
        @Test(arguments: [CountingFleet.Capture.poll, .log])
        func largeRowsAreNotAllInMemory(_ capture: CountingFleet.Capture) async throws {
            let fleet = try await CountingFleet(capture)
            if capture == .log {
                #expect(try await fleet.fleet.flotilla("apply", "--remove", "counter").ended(0))
            }
            try fleet.psql(
                """
                INSERT INTO counter.outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT gen_random_uuid(), 'counter', 'k1', 'Counted',
                    json_build_object('number', n, 'text', repeat('x', \(Self.size)))
                FROM generate_series(1, \(Self.rows)) AS n
                """)
            if capture == .log { #expect(try await fleet.fleet.flotilla("apply").ended(0)) }
            let run = try await fleet.fleet.startRun()
            try await fleet.expectAll(Self.rows, keys: 1)
            let peak = try peak(of: run.processID)
            #expect(peak < Self.rows * Self.size / 2 / 1000, "\(peak) kB")
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }
    }
#endif
