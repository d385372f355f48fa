#if NATS
    import Foundation
    import TestKit
    import Testing

    /// What is told of streams on NATS.
    @Suite(.lanes) struct BrokerSignalsTests {
        @Test func aBrokerThatIsGoneIsToldAndComesAgain() async throws {
            let server = try await NATSServer()
            let yaml = ServingTests.yaml().replacingOccurrences(
                of: "fleet: shop\n", with: "fleet: shop\nbroker: \"\(server.url)\"\n")
            let fleet = try FleetDirectory(yaml)
            #expect(try await fleet.flotilla("apply").ended(0))
            let run = try await fleet.startRun()
            let signals = try await SignalAddress(of: run)
            let shop = try fleet.store("shop.db")
            try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"))
            let sent =
                "messaging_client_sent_messages_total{messaging_system=\"nats\",messaging_operation_name=\"append\","
                + "messaging_destination_name=\"shop-shop\"}"
            try await eventually("the event is measured") { try await signals.value(sent) == 1 }
            try await eventually("it is ready") { try await signals.get("/readyz").status == 200 }
            server.kill()
            try await eventually("it is told") {
                try await signals.value("flotilla_broker_up{stream=\"shop-shop\"}") == 0
            }
            let answer = try await signals.get("/readyz")
            #expect(answer.status == 503 && answer.body.contains("\"part\":\"stream shop-shop\""), "\(answer.body)")
            #expect(try await signals.get("/healthz").status == 200)
            try await server.start()
            try await eventually("it is ready again") { try await signals.get("/readyz").status == 200 }
            try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 2}"))
            try await eventually("the next is carried") { try await shop.integer("SELECT count(*) FROM sales") == 2 }
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }
    }
#endif
