import Foundation
import GRDB
import Testing

/// What stands in a service's own tables may be any number.
@Suite(.lanes) struct RuinedCursorTests {
    @Test func aCursorThatCannotBeIsToldAndEndsNothing() async throws {
        let fleet = try FleetDirectory(ServingTests.yaml() + "\n    consumers: {book: [shop.Sold]}\n")
        #expect(try await fleet.flotilla("apply").ended(0))
        let shop = try fleet.store("shop.db")
        try await shop.write { database in
            try database.execute(
                sql: """
                    INSERT INTO flotilla_subscriptions (name, stream, position, begun_at, stream_identity)
                    VALUES ('book', 'shop', -9223372036854775807, 9223372036854775807, '')
                    """)
        }
        let run = try await fleet.startRun()
        let signals = try await SignalAddress(of: run)
        try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"))
        let lag = "flotilla_delivery_lag_events{subscription=\"shop.book\",stream=\"shop-shop\"}"
        try await eventually("its lag is told") {
            try await signals.value(lag) == 1
        }
        let status = try await fleet.flotilla("status")
        #expect(status.output.contains("shop.book"), "\(status.said)")
        if case .signal = status.ending { Issue.record("it was ended: \(status.said)") }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }
}
