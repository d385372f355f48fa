import Foundation
import GRDB
import Testing

/// What a running fleet serves over HTTP.
@Suite(.lanes) struct ServingTests {
    static func yaml(listen: String = "127.0.0.1:0") -> String {
        """
        fleet: shop
        metrics: {listen: "\(listen)"}
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Sold]
            views:
              sales:
                schema: "CREATE TABLE sales (id TEXT PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0));"
                when:
                  shop.Sold: INSERT INTO sales VALUES (:id, :data.amount)
        """
    }

    private func running(_ yaml: String = ServingTests.yaml()) async throws -> (FleetDirectory, Program, SignalAddress)
    {
        let fleet = try FleetDirectory(yaml)
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        return (fleet, run, try await SignalAddress(of: run))
    }

    @Test func theWayOfAnEventIsMeasured() async throws {
        let (fleet, run, signals) = try await running()
        let shop = try fleet.store("shop.db")
        for number in 1...50 {
            try await shop.publish(OutboxRow(key: "K\(number)", type: "Sold", payload: "{\"amount\": \(number)}"))
        }
        try await shop.publish(OutboxRow(key: "bad", type: "Sold", payload: "{\"amount\": -1}"))
        try await shop.publish(OutboxRow(key: "foreign", type: "Unknown", payload: "{}"))
        let subscription = "subscription=\"shop.sales\",stream=\"shop-shop\""
        try await eventually("all is carried, and the looks have seen it") {
            let told = try await signals.get("/metrics")
            return told.value("flotilla_delivery_latency_seconds_count{\(subscription)}") == 51
                && told.value("flotilla_parked_events{subject=\"shop.sales\",stream=\"shop-shop\",state=\"parked\"}")
                    == 1
                && told.value("flotilla_parked_events{subject=\"shop\",stream=\"shop-shop\",state=\"parked\"}") == 1
                && told.value("flotilla_outbox_depth{service=\"shop\"}") == 0
        }
        let told = try await signals.get("/metrics")
        #expect(told.status == 200)
        #expect(told.contentType == "text/plain; version=0.0.4; charset=utf-8")
        let expected: [String: Double] = [
            "flotilla_build_info{version=\"0.1.0\"}": 1, "flotilla_fleet_info{fleet=\"shop\",broker=\"embedded\"}": 1,
            "flotilla_carrying": 1, "flotilla_capture_events_total{service=\"shop\"}": 52,
            "flotilla_relay_latency_seconds_count{service=\"shop\"}": 51,
            "flotilla_delivery_lag_events{\(subscription)}": 0, "flotilla_delivery_lag_seconds{\(subscription)}": 0,
            "flotilla_capture_lag_events{service=\"shop\"}": 0,
            "flotilla_events_parked_total{subject=\"shop.sales\",stream=\"shop-shop\"}": 1,
            "flotilla_events_parked_total{subject=\"shop\",stream=\"shop-shop\"}": 1,
            "flotilla_stream_records{stream=\"shop-shop\"}": 51, "flotilla_broker_up{stream=\"shop-shop\"}": 1,
            "flotilla_store_up{service=\"shop\",db_system_name=\"sqlite\"}": 1,
            "flotilla_paused{subject=\"shop\"}": 0, "flotilla_outbox_age_seconds{service=\"shop\"}": 0,
        ]
        for (series, value) in expected { #expect(told.value(series) == value, "\(series): \(told.body)") }
        // Only a transaction that failed has a reason.
        let applying = """
            service="shop",db_system_name="sqlite",db_operation_name="apply sales",flotilla_stream="shop-shop"
            """
        let refused = ",db_response_status_code=\"SQLITE_CONSTRAINT\",error_type=\"statement\""
        for labels in [applying, applying + refused] {
            let series = "db_client_operation_duration_seconds_count{\(labels)}"
            #expect(told.value(series) ?? 0 >= 1, "\(series): \(told.body)")
        }
        #expect(try #require(told.value("flotilla_sqlite_file_size_bytes{service=\"shop\"}")) > 4096)
        // What Flotilla's own connections have done: each takes part.
        for connection in ["capture", "settlement", "effects"] {
            let labels = "{service=\"shop\",connection=\"\(connection)\"}"
            #expect((told.value("flotilla_sqlite_cache_hits_total\(labels)") ?? 0) > 0, "\(connection): \(told.body)")
            #expect(told.value("flotilla_sqlite_lock_refusals_total\(labels)") == 0)
        }
        #expect(try #require(told.value("process_memory_usage_bytes")) > 1_000_000)
        for series in [
            "process_context_switches_total{process_context_switch_type=\"voluntary\"}",
            "process_paging_faults_total{system_paging_fault_type=\"minor\"}",
        ] { #expect(told.value(series) ?? 0 > 0, "\(series): \(told.body)") }
        if (try? String(contentsOfFile: "/proc/self/io", encoding: .utf8)) != nil {
            #expect(told.value("process_disk_io_bytes_total{disk_io_direction=\"write\"}") != nil)
        }
        try await eventually("it is told how much of the processors it uses") {
            let used = try await signals.value("process_cpu_utilization_ratio{cpu_mode=\"user\"}")
            return used.map { $0 >= 0 && $0 <= 1.1 } ?? false
        }
        let latency = try #require(told.value("flotilla_delivery_latency_seconds_sum{\(subscription)}"))
        #expect(latency > 0 && latency < 51 * 60)
        let open = try await signals.get("/metrics", accept: "application/openmetrics-text;version=1.0.0")
        #expect(open.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(open.body.hasSuffix("# EOF\n"))
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    @Test func healthAndReadinessAreTrue() async throws {
        let (fleet, run, signals) = try await running()
        #expect(try await signals.get("/healthz").status == 200)
        try await eventually("it is ready") { try await signals.get("/readyz").status == 200 }
        #expect(
            try await signals.get("/readyz").body == "{\"attention\":[],\"paused\":[],\"ready\":true,\"reasons\":[]}\n")
        #expect(try await signals.get("/").status == 404)
        // What rests because an operator wants it to is not what is wrong.
        #expect(try await fleet.flotilla("pause", "shop.sales").ended(0))
        try await eventually("the pause is told") {
            try await signals.get("/readyz").body.contains("\"paused\":[\"shop.sales\"]")
        }
        #expect(try await signals.get("/readyz").status == 200)
        #expect(try await fleet.flotilla("resume", "shop.sales").ended(0))
        // The store is gone.
        let (path, away) = (fleet.file("shop.db"), fleet.file("away.db"))
        try FileManager.default.moveItem(atPath: path, toPath: away)
        try await eventually("the missing store is told") { try await signals.get("/readyz").status == 503 }
        try await eventually("the metrics tell it") {
            try await signals.value("flotilla_store_up{service=\"shop\",db_system_name=\"sqlite\"}") == 0
        }
        let answer = try await signals.get("/readyz")
        #expect(answer.body.contains("\"part\":\"store shop\"") && answer.body.contains("shop.db"), "\(answer.body)")
        #expect(answer.contentType == "application/json")
        #expect(try await signals.get("/healthz").status == 200)
        try FileManager.default.moveItem(atPath: away, toPath: path)
        try await eventually("it is ready again") { try await signals.get("/readyz").status == 200 }
        #expect(run.errors.components(separatedBy: "tells no signals: ").count == 2, "\(run.errors)")
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test func aPortThatIsTakenIsToldAtOnce() async throws {
        let (_, run, signals) = try await running()
        let address = String(signals.base.dropFirst("http://".count))
        let other = try FleetDirectory(Self.yaml(listen: address))
        #expect(try await other.flotilla("apply").ended(0))
        let second = try await other.flotilla("run")
        #expect(second.ended(1), "\(second.said)")
        #expect(second.errors.contains("`metrics` cannot be served"), "\(second.said)")
        #expect(second.errors.contains("another program listens at \(address) already"), "\(second.said)")
        run.kill()
    }

    @Test func withoutTheKeyNothingListens() async throws {
        let fleet = try FleetDirectory(
            Self.yaml().replacingOccurrences(of: "metrics: {listen: \"127.0.0.1:0\"}\n", with: ""))
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        let tables = try ["tcp", "tcp6"].map {
            try String(contentsOfFile: "/proc/\(run.processID)/net/\($0)", encoding: .utf8)
        }
        var listening: Set<String> = []
        for line in tables.flatMap({ $0.split(separator: "\n") }) {
            let words = line.split(separator: " ")
            if words.count > 9, words[3] == "0A" { listening.insert("socket:[\(words[9])]") }
        }
        let descriptors = "/proc/\(run.processID)/fd"
        let own = try FileManager.default.contentsOfDirectory(atPath: descriptors)
            .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\($0)") }
        #expect(listening.isDisjoint(with: own))
        #expect(!run.errors.contains("signals are served"))
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    /// Clients that hang are in nobody's way: neither in that of others, nor in that of events, nor of the end.
    @Test func clientsThatHangStopNothing() async throws {
        let (fleet, run, signals) = try await running()
        let port = try #require(signals.base.split(separator: ":").last.flatMap { Int($0) })
        let hanging = try (0..<20).map { _ in try HangingClient(port: port) }
        let shop = try fleet.store("shop.db")
        try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"))
        try await eventually("the event is carried") { try await shop.integer("SELECT count(*) FROM sales") == 1 }
        #expect(try await signals.get("/healthz").status == 200)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        withExtendedLifetime(hanging) {}
    }
}
