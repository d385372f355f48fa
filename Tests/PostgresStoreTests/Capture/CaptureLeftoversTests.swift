#if Postgres
    import FleetCore
    import Outbox
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// A service that removes its rows itself is not looked after for each of them; what it leaves behind is removed all the
    /// same.
    @Suite struct CaptureLeftoversTests {
        @Test func whatAServiceLeavesBehindIsRemovedOnceItIsCarried() async throws {
            let fixture = try await CaptureFixture(.log)
            let outbox = try await PostgresLogOutbox(
                fixture.database.address, needs: fixture.needs,
                intervals: .init(record: .zero, leftovers: .milliseconds(1)))
            func rows() throws -> Int { Int(try fixture.database.psql("SELECT count(*) FROM outbox")) ?? -1 }
            var carrier = Carrier()
            // So often that nobody looks for each row any more.
            for number in 1...12 {
                try fixture.database.psql("BEGIN; \(fixture.event(number)) DELETE FROM outbox; COMMIT;")
                try await carrier.drain(outbox)
            }
            try fixture.database.psql(fixture.event(13))
            try await eventually("what was left is removed") {
                try await carrier.drain(outbox)
                return try rows() == 0
            }
            #expect(carrier.numbers == Array(1...13))
            await outbox.close()
        }
    }
#endif
