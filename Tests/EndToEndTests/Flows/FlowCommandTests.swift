import Foundation
import TestKit
import Testing

/// Keys that look like files, and a journal that is lost.
@Suite(.serialized, .lanes) struct FlowCommandTests {
    /// The event's own key is the run's.
    private static let flow = """
          order:
            start: orders.OrderPlaced
            key: event
            within: 1h
            end: orders.Cancelled
        """

    @Test func aKeyMayLookLikeAFile() async throws {
        let shop = try await OrderFleet(flows: Self.flow)
        for key in ["a/b", "x.yaml", "deep/er.yml"] {
            try await shop.fleet.store("orders.db").publish(OutboxRow(key: key, type: "OrderPlaced", payload: "{}"))
        }
        try await shop.drain()
        for key in ["a/b", "x.yaml", "deep/er.yml"] {
            for words in [
                ["flows", "show", "order", key], ["flows", "fleet.yaml", "show", "order", key],
                ["flows", "show", "order", key, "fleet.yaml"],
            ] {
                let program = try shop.fleet.start(words)
                #expect(try await program.end() == .code(0), "\(words): \(program.errors)")
                #expect(program.output.contains("order \(key)"), "\(words): \(program.output)")
            }
        }
        for words in [
            ["flows", "list", "fleet.yaml"], ["flows", "fleet.yaml"], ["flows", "fleet.yaml", "list", "order"],
        ] {
            let program = try shop.fleet.start(words)
            #expect(
                try await program.end() == .code(0) && program.output.contains("a/b"), "\(words): \(program.errors)")
        }
        #expect(try await shop.fleet.flotilla("flows", "forget", "order", "x.yaml").ended(0))
        #expect(try await shop.fleet.flotilla("flows", "forget", "order", "a/b", "fleet.yaml").ended(0))
        #expect(try await Set(shop.accounts().keys) == ["deep/er.yml"])
        #expect(try await shop.fleet.flotilla("flows", "forget", "order", "--all", "fleet.yaml").ended(0))
        // Forgotten by hand is not lost.
        let applied = try await shop.fleet.flotilla("apply")
        #expect(applied.ended(0), "\(applied.said)")
        try await shop.drain()
    }

    @Test func aJournalThatIsLostIsTold() async throws {
        let shop = try await OrderFleet(flows: OrderFleet.slowFlow)
        try await shop.place(1)
        try await shop.drain()
        for file in ["flows.sqlite", "flows.sqlite-wal", "flows.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: shop.fleet.file(".flotilla/\(file)"))
        }
        let told = "the journal of the flows is not the one that has taken the events of orders"
        let run = try await shop.fleet.flotilla("run", "--until-idle")
        #expect(!run.ended(0) && run.errors.contains(told), "\(run.said)")
        for _ in 1...2 {
            let applied = try await shop.fleet.flotilla("apply")
            #expect(applied.ended(69) && applied.errors.contains(told), "\(applied.said)")
        }
        // As it says: out of the file, and in again.
        try shop.fleet.write(OrderFleet.yaml(flows: "") { "sqlite:\($0).db" })
        #expect(try await shop.fleet.flotilla("apply").ended(0))
        try shop.fleet.write(OrderFleet.yaml(flows: OrderFleet.slowFlow) { "sqlite:\($0).db" })
        let again = try await shop.fleet.flotilla("apply")
        #expect(again.ended(0), "\(again.said)")
        try await shop.place(2)
        try await shop.drain()
        #expect(try await shop.account(2)?.status == "running")
    }
}
