import Foundation
import TestKit
import Testing

/// A flow whose streams move to another broker while it is under way.
@Suite(.serialized, .lanes) struct FlowMigrationTests {
    @Test func aRunGoesOnWhereItsStreamsWereMoved() async throws {
        let server = try await NATSServer.shared()
        let shop = try await OrderFleet(name: "movingtrade", flows: OrderFleet.slowFlow)
        try await shop.place(1)
        try await shop.charge(1)
        try await shop.drain()
        try await shop.place(2)
        let yaml = OrderFleet.yaml(
            name: "movingtrade", flows: OrderFleet.slowFlow, broker: "{engine: nats, url: \"\(server.url)\"}"
        ) { "sqlite:\($0).db" }
        try shop.fleet.write(yaml)
        let moved = try await shop.fleet.flotilla("migrate-broker")
        #expect(moved.ended(0), "\(moved.said)")
        try await shop.apply()
        try await shop.charge(2)
        for order in 1...2 { try await shop.ship(order) }
        try await shop.drain()
        for order in 1...2 {
            let account = try #require(try await shop.account(order))
            #expect(account.status == "ended" && !account.outOfOrder && account.findings.isEmpty, "\(account)")
        }
        let status = try await shop.fleet.flotilla("status")
        #expect(status.ended(0), "\(status.said)")
    }
}
