#if NATS
    import Foundation
    import HTTPReceiver
    import Synchronization
    import TestKit
    import Testing

    /// What the monitoring endpoint of a NATS server tells.
    @Suite(.lanes) struct BrokerMonitorTests {
        private static func yaml(_ server: NATSServer, monitor: Int) -> String {
            ServingTests.yaml().replacingOccurrences(
                of: "fleet: shop\n",
                with: """
                    fleet: shop
                    broker: {engine: nats, url: "\(server.url)", monitor: "http://127.0.0.1:\(monitor)"}

                    """)
        }

        @Test func aServerTellsHowItIs() async throws {
            let port = try LoopbackPort.free()
            let server = try await NATSServer(settings: "http: \"127.0.0.1:\(port)\"")
            let fleet = try FleetDirectory(Self.yaml(server, monitor: port))
            #expect(try await fleet.flotilla("apply").ended(0))
            let shop = try fleet.store("shop.db")
            try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"))
            let run = try await fleet.startRun()
            let signals = try await SignalAddress(of: run)
            let label = "server=\"127.0.0.1:\(port)\""
            try await eventually("the server has the event, and tells of it") {
                try await signals.value("flotilla_nats_storage_used_bytes{\(label),kind=\"file\"}") ?? 0 > 100
            }
            let told = try await signals.get("/metrics")
            for (series, least) in [
                ("flotilla_broker_monitor_up{\(label)}", 1.0), ("flotilla_nats_memory_bytes{\(label)}", 1_000_000),
                ("flotilla_nats_cpu_ratio{\(label)}", 0), ("flotilla_nats_connections{\(label)}", 1),
                ("flotilla_nats_connection_limit{\(label)}", 1000),
                ("flotilla_nats_connection_pending_bytes{\(label)}", 0),
                ("flotilla_nats_slow_consumers_total{\(label)}", 0), ("flotilla_nats_subscriptions{\(label)}", 1),
                ("flotilla_nats_messages_total{\(label),direction=\"in\"}", 1),
                ("flotilla_nats_payload_bytes_total{\(label),direction=\"out\"}", 1),
                ("flotilla_nats_jetstream{\(label)}", 1), ("flotilla_nats_streams{\(label)}", 1),
                ("flotilla_nats_consumers{\(label)}", 1), ("flotilla_nats_api_requests_total{\(label)}", 1),
                ("flotilla_nats_api_errors_total{\(label)}", 0),
                ("flotilla_nats_storage_limit_bytes{\(label),kind=\"file\"}", 1e12),
                ("flotilla_nats_storage_reserved_bytes{\(label),kind=\"file\"}", 0),
            ] { #expect((told.value(series) ?? -1) >= least, "\(series): \(told.body)") }
            #expect(try await !signals.get("/readyz").body.contains("monitoring"))
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }

        /// `top` asks as well, and does not wait for one that hangs.
        @Test func topTellsOfTheServersStorage() async throws {
            let port = try LoopbackPort.free()
            let server = try await NATSServer(settings: "http: \"127.0.0.1:\(port)\"")
            server.kill()
            server.reconfigure { $0.replacingOccurrences(of: "max_file_store: 16TB", with: "max_file_store: 5000000") }
            try await server.start()
            let hanging = try await HTTPReceiver { _ in .hang }
            let fleet = try FleetDirectory(
                ServingTests.yaml().replacingOccurrences(
                    of: "fleet: shop\n",
                    with: """
                        fleet: shop
                        broker:
                          engine: nats
                          url: "\(server.url)"
                          monitor: ["http://127.0.0.1:\(port)", "http://127.0.0.1:\(hanging.port)"]
                          limit: 4400KiB

                        """))
            let applied = try await fleet.flotilla("apply")
            #expect(applied.ended(0), "\(applied.said)")
            let shop = try fleet.store("shop.db")
            let padding = String(repeating: "x", count: 800_000)
            for number in 1...5 {
                let payload = "{\"amount\": \(number), \"padding\": \"\(padding)\"}"
                try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: payload))
            }
            let ended = try await fleet.flotilla("run", "--until-idle")
            #expect(ended.ended(0), "\(ended.said)")
            let begun = ContinuousClock.now
            let top = try await fleet.flotilla("top", "--once", environment: ["COLUMNS": "160"])
            #expect(ContinuousClock.now - begun < .seconds(120))
            #expect(top.ended(0), "\(top.said)")
            #expect(top.output.contains("▲ JetStream's storage of 127.0.0.1:\(port) file: "), "\(top.said)")
            #expect(hanging.count > 0)
            server.kill()
            let alone = try await fleet.flotilla("top", "--once")
            #expect(alone.ended(0) && !alone.output.contains("JetStream's storage"), "\(alone.said)")
        }

        enum Trouble: CaseIterable { case gone, hangs, garbage, refuses, endless, otherJSON }

        @Test(arguments: Trouble.allCases)
        func oneThatTellsNothingIsToldOnceAndHoldsUpNothing(_ trouble: Trouble) async throws {
            let isWell = Mutex(false)
            let receiver = try await HTTPReceiver { request in
                if isWell.withLock({ $0 }) { return .answer(200, body: Self.answer(to: request.path)) }
                switch trouble {
                case .gone: return .close
                case .hangs: return .hang
                case .garbage: return .write("\u{1}\u{2}not HTTP\r\n\r\n")
                case .refuses: return .answer(503)
                case .endless: return .endless(200, bytes: 100_000)
                case .otherJSON: return .answer(200, body: "{\"server_id\": 7, \"mem\": \"much\"}")
                }
            }
            let server = try await NATSServer.shared()
            var yaml = Self.yaml(server, monitor: receiver.port)
            // Streams are the server's, and tests share it.
            let name = "shop-\(receiver.port)"
            yaml = yaml.replacingOccurrences(of: "fleet: shop\n", with: "fleet: \(name)\n")
            let fleet = try FleetDirectory(yaml)
            #expect(try await fleet.flotilla("apply").ended(0))
            let run = try await fleet.startRun()
            let signals = try await SignalAddress(of: run)
            let shop = try fleet.store("shop.db")
            let up = "flotilla_broker_monitor_up{server=\"127.0.0.1:\(receiver.port)\"}"
            try await eventually("it is told") { try await signals.value(up) == 0 }
            try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"))
            try await eventually("the event is carried") { try await shop.integer("SELECT count(*) FROM sales") == 1 }
            let asked = receiver.count
            try await eventually("it is asked again, and again") { receiver.count >= asked + 2 }
            let subject = "the monitoring of NATS at 127.0.0.1:\(receiver.port)"
            #expect(run.errors.components(separatedBy: "\(subject) tells no signals").count == 2, "\(run.errors)")
            try await eventually("the fleet is ready, and says what to see to") {
                let ready = try await signals.get("/readyz")
                return ready.status == 200 && ready.body.contains(subject)
            }
            isWell.withLock { $0 = true }
            try await eventually("it tells again") {
                let told = try await signals.get("/metrics")
                return told.value(up) == 1
                    && told.value("flotilla_nats_memory_bytes{server=\"127.0.0.1:\(receiver.port)\"}") == 5
            }
            // Also what cannot be is told, and ends nothing.
            let connections = "flotilla_nats_connections{server=\"127.0.0.1:\(receiver.port)\"}"
            #expect(try await signals.value(connections) == Double(Int64.min))
            #expect(run.errors.contains("\(subject) tells signals again"))
            #expect(try await !signals.get("/readyz").body.contains(subject))
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }

        private static func answer(to path: String) -> String {
            if path.hasPrefix("/jsz") { return "{\"server_id\": \"N\", \"disabled\": true}" }
            if path.hasPrefix("/connz") { return "{\"server_id\": \"N\", \"connections\": []}" }
            return """
                {"server_id": "N", "mem": 5, "cpu": 1, "connections": -9223372036854775808, "subscriptions": 3,
                "slow_consumers": 0, "in_msgs": 1, "out_msgs": 1, "in_bytes": 1, "out_bytes": 1}
                """
        }
    }
#endif
