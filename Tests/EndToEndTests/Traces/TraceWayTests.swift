import Foundation
import GRDB
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// One trace shows the whole way of an order.
@Suite(.lanes) struct TraceWayTests {
    @Test(arguments: ["protobuf", "json"])
    func oneTraceShowsTheWholeWayOfAnOrder(_ encoding: String) async throws {
        let traced = try await TracedFleet(encoding: encoding)
        try await traced.place("o1", traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(0), "\(ended.said)")
        // What is sent along over HTTP names the span of its own request or step.
        let push = try #require(traced.receiver.requests.first { $0.path.hasPrefix("/events") })
        let pay = try #require(traced.receiver.requests.first { $0.path == "/pay" })
        #expect(push["ce-traceparent"] == TracedFleet.traceParent(1))
        let (pushParent, payParent) = (try #require(push["traceparent"]), try #require(pay["traceparent"]))
        #expect(pushParent != TracedFleet.traceParent(1) && pushParent.contains(TracedFleet.trace(1)))
        #expect(traced.collector.requests.allSatisfy { $0["authorization"] == TracedFleet.secret })
        #expect(!ended.said.contains("t0ps3cret"))
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }

        let spans = try traced.told(decoder).map(ToldSpan.init)
        #expect(Set(spans.map(\.trace)) == [TracedFleet.trace(1)])
        #expect(Set(spans.map(\.id)).count == spans.count)
        func span(_ name: String, _ type: String? = nil) throws -> ToldSpan {
            let found = spans.filter { $0.name == name && (type == nil || $0.text("cloudevents.event_type") == type) }
            #expect(found.count == 1, "\(name): \(spans.map(\.name))")
            return try #require(found.first)
        }
        let published = try span("append traced-orders", "OrderPlaced")
        #expect(published.parent == "00f067aa0ba902b7" && published.kind == 4 && published.status == 0)
        #expect(
            published.text("messaging.system") == "flotilla" && published.text("messaging.operation.type") == "send")
        #expect(published.text("messaging.destination.name") == "traced-orders")
        let applied = try span("apply traced-orders", "OrderPlaced")
        #expect(applied.parent == published.id && applied.kind == 5)
        #expect(applied.text("messaging.consumer.group.name") == "reports.sales")
        #expect(applied.text("db.system.name") == "sqlite")
        #expect(applied.start >= published.start && applied.end >= applied.start)
        let pushed = try span("POST")
        #expect(pushed.parent == published.id && pushed.kind == 3)
        #expect(pushParent == "00-\(TracedFleet.trace(1))-\(pushed.id)-01")
        #expect(pushed.text("url.full") == "http://127.0.0.1:\(traced.receiver.port)/events")
        #expect(pushed.attributes["server.port"] as? Int == traced.receiver.port)
        #expect(pushed.attributes["http.response.status_code"] as? Int == 200)

        let saga = try span("saga fulfil")
        #expect(saga.parent == published.id && saga.kind == 1 && saga.status == 0)
        let (paid, reserved) = (try span("step pay"), try span("step reserve"))
        #expect(paid.parent == saga.id && paid.kind == 3 && reserved.parent == saga.id)
        #expect(paid.attributes["http.response.status_code"] as? Int == 200)
        #expect(reserved.attributes["http.response.status_code"] == nil && saga.kind == 1)
        #expect(payParent == "00-\(TracedFleet.trace(1))-\(paid.id)-01")
        #expect(saga.start <= paid.start && saga.end >= reserved.end)
        // The command's way is within the step that has sent it, and the answer's within the trace.
        let command = try span("append traced-orders", "Reserve")
        #expect(command.parent == reserved.id)
        let effect = try span("apply traced-orders", "Reserve")
        #expect(effect.parent == command.id && effect.text("messaging.consumer.group.name") == "stock.reservations")
        #expect(try span("append traced-stock", "Reserved").parent == reserved.id)
        try await traced.stop()
    }

    @Test func failuresAreErrorsOfTheirSpans() async throws {
        let traced = try await TracedFleet(receiving: { .answer($0.path == "/pay" ? 422 : 410, body: "no") })
        try await traced.place("o1", amount: -1, traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(3), "\(ended.said)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let spans = try traced.told(decoder).map(ToldSpan.init)
        let applied = spans.filter { $0.name == "apply traced-orders" }
        #expect(applied.count >= 1 && applied.allSatisfy { $0.status == 2 && $0.text("error.type") == "statement" })
        #expect(applied.allSatisfy { $0.text("db.response.status_code") == "SQLITE_CONSTRAINT" })
        // What the store says of it may quote data.
        #expect(applied.allSatisfy { $0.message == "its store refuses the effect" })
        let pushed = try #require(spans.first { $0.name == "POST" })
        #expect(pushed.status == 2 && pushed.text("error.type") == "bad-event" && pushed.message.contains("410"))
        #expect(pushed.attributes["http.response.status_code"] as? Int == 410)
        #expect(pushed.text("db.response.status_code") == nil)
        let paid = spans.first { $0.name == "step pay" }
        #expect(paid?.status == 2 && paid?.attributes["http.response.status_code"] as? Int == 422)
        #expect(spans.first { $0.name == "saga fulfil" }?.status == 2)
        #expect(spans.first { $0.name == "append traced-orders" }?.status == 0)
        try await traced.stop()
    }

    /// A step is one span with all its attempts: the status is the last one's.
    @Test func aStepOverHTTPSaysWhatItsLastAnswerSaid() async throws {
        let asked = Mutex(0)
        let traced = try await TracedFleet(receiving: { request in
            guard request.path == "/pay" else { return .answer(200, body: "{}") }
            return .answer(
                asked.withLock {
                    $0 += 1; return $0
                } == 1 ? 503 : 201, body: "{}")
        })
        try await traced.place("o1", traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(0) && asked.withLock { $0 } == 2, "\(ended.said)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let paid = try traced.told(decoder).map(ToldSpan.init).filter { $0.name == "step pay" }
        #expect(paid.count == 1 && paid.first?.status == 0)
        #expect(paid.first?.attributes["flotilla.saga.attempts"] as? Int == 2)
        #expect(paid.first?.attributes["http.response.status_code"] as? Int == 201)
        try await traced.stop()
    }

    @Test func whatMayNotLeaveItsStoreIsAnError() async throws {
        let traced = try await TracedFleet()
        try await traced.place("o1", type: "Unheard", traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(3), "\(ended.said)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let spans = try traced.told(decoder).map(ToldSpan.init)
        #expect(spans.map(\.name) == ["append traced-orders"] && spans.map(\.status) == [2])
        try await traced.stop()
    }

    @Test func whatBelongsToNoTraceMakesNoSpans() async throws {
        let traced = try await TracedFleet()
        try await traced.place("o1")
        try await traced.place("o2", traceParent: "00-nonsense")
        try await traced.place("o3", traceParent: TracedFleet.traceParent(3, flags: "00"))
        try await traced.place(
            "o4", headers: "{\"traceparent\": \"\(TracedFleet.traceParent(4))\", \"tracestate\": \"a=b\"}")
        try await traced.place("o5", headers: "{\"traceparent\": \"nonsense\"}")
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        // None of them is parked.
        #expect(ended.ended(0), "\(ended.said)")
        let sales = try traced.fleet.store("reports.db")
        #expect(try await sales.integer("SELECT count(*) FROM sales") == 5)
        let pushed = Dictionary(
            traced.receiver.requests.filter { $0.path.hasPrefix("/events") }.map { ($0["ce-subject"] ?? "", $0) }
        ) { $1 }
        #expect(pushed.count == 5)
        #expect(pushed["o1"]?["traceparent"] == nil && pushed["o2"]?["traceparent"] == nil)
        #expect(pushed["o5"]?["traceparent"] == nil)
        // What nobody records is passed on as it came.
        #expect(pushed["o3"]?["traceparent"] == TracedFleet.traceParent(3, flags: "00"))
        #expect(pushed["o4"]?["tracestate"] == "a=b")
        #expect(pushed["o4"]?["ce-traceparent"] == TracedFleet.traceParent(4))
        let paid = traced.receiver.requests.first { $0.path == "/pay" && $0.body.contains("o3") }
        #expect(paid?["traceparent"] == TracedFleet.traceParent(3, flags: "00"))
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let spans = try traced.told(decoder).map(ToldSpan.init)
        #expect(Set(spans.map(\.trace)) == [TracedFleet.trace(4)])
        try await traced.stop()
    }

    /// Without `telemetry:` traces are passed on, and nobody is sent anything.
    @Test func withoutTelemetryTheContextIsPassedOn() async throws {
        let traced = try await TracedFleet(telemetry: false)
        try await traced.place("o1", traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(0), "\(ended.said)")
        let requests = traced.receiver.requests
        #expect(requests.count == 2 && requests.allSatisfy { $0["traceparent"] == TracedFleet.traceParent(1) })
        let stock = try traced.fleet.store("stock.db")
        #expect(try await stock.integer("SELECT count(*) FROM reservations") == 1)
        #expect(traced.collector.count == 0)
        try await traced.stop()
    }

    @Test func aTraceIsKeptOrDroppedAsAWhole() async throws {
        let traced = try await TracedFleet(
            sampling: "{wait: 1s, policies: [{type: status_code, status_codes: [ERROR]}]}")
        let run = try await traced.fleet.startRun()
        for number in 1...20 {
            try await traced.place(
                "o\(number)", amount: number == 7 ? -7 : 1, traceParent: TracedFleet.traceParent(number))
        }
        try await eventually("the one with an error is told") {
            traced.collector.requests.contains { $0.path == "/v1/traces" }
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let spans = try traced.told(decoder).map(ToldSpan.init)
        #expect(Set(spans.map(\.trace)) == [TracedFleet.trace(7)])
        #expect(spans.contains { $0.name == "append traced-orders" } && spans.contains { $0.name == "POST" })
        // What was decided is told as a metric, and what is logged as a line.
        let metrics = try traced.told(decoder, "/v1/metrics")
        let operations = metrics.filter { $0["name"] as? String == "db.client.operation.duration" }
            .compactMap { $0["attributes"] as? [String: Any] }
            .filter { $0["db.operation.name"] as? String == "apply sales" }
        #expect(
            operations.contains {
                $0["error.type"] as? String == "statement"
                    && $0["db.response.status_code"] as? String == "SQLITE_CONSTRAINT"
            })
        #expect(operations.contains { $0["error.type"] == nil && $0["db.response.status_code"] == nil })
        #expect(metrics.contains { $0["name"] as? String == "flotilla.relay.latency" })
        #expect(
            metrics.contains {
                $0["name"] as? String == "flotilla.traces.decided"
                    && ($0["attributes"] as? [String: Any])?["decision"] as? String == "kept"
                    && $0["value"] as? Double == 1
            })
        let resource = try #require(metrics.first?["resource"] as? [String: Any])
        #expect(resource["service.name"] as? String == "flotilla" && resource["flotilla.fleet"] as? String == "traced")
        #expect(resource["deployment.environment.name"] as? String == "test")
        let logs = try traced.told(decoder, "/v1/logs")
        #expect(logs.contains { ($0["body"] as? String)?.hasPrefix("carrying fleet traced") == true })
        try await traced.stop()
    }

    /// What takes longer than an objective says is kept, however quick it is else; without the objective nothing of it is.
    @Test(arguments: [
        ("{fresh: {view: reports.sales, freshness: 1ms, target: 99%}}", true),
        ("{pushed: {push: billing, latency: 1ms, target: 99%}}", true),
        ("{relayed: {stream: orders, latency: 1ms, target: 99%}}", true),
        ("{paid: {saga: fulfil, latency: 1ms, target: 99%}}", true),
        ("{fresh: {view: reports.sales, freshness: 1h, target: 99%}}", false),
    ])
    func whatIsLateByAnObjectiveIsKept(_ objective: String, _ isLate: Bool) async throws {
        let traced = try await TracedFleet(
            sampling: "{wait: 30s, slow: 1h, share: 0}", objectives: objective)
        // Old by the time that it is carried.
        try await traced.place("o1", traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(0), "\(ended.said)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let names = Set(try traced.told(decoder).map { ToldSpan($0).name })
        #expect(names.isEmpty == !isLate, "\(objective): \(names)")
        if isLate { #expect(names.isSuperset(of: ["append traced-orders", "apply traced-orders", "saga fulfil"])) }
        try await traced.stop()
    }

    #if NATS
        /// The broker carries the writer's context on, and spans say which broker it is.
        @Test func theWayOverJetStream() async throws {
            let server = try await NATSServer()
            let traced = try await TracedFleet(broker: "\"\(server.url)\"", name: "overnats")
            try await traced.place("o1", headers: "{\"traceparent\": \"\(TracedFleet.traceParent(1))\"}")
            let ended = try await traced.fleet.flotilla("run", "--until-idle")
            #expect(ended.ended(0), "\(ended.said)")
            let push = try #require(traced.receiver.requests.first { $0.path.hasPrefix("/events") })
            #expect(push["ce-traceparent"] == TracedFleet.traceParent(1))
            guard let decoder = OTLPDecoder() else { return try await traced.stop() }
            let spans = try traced.told(decoder).map(ToldSpan.init)
            #expect(Set(spans.map(\.trace)) == [TracedFleet.trace(1)])
            #expect(spans.first { $0.name == "append overnats-orders" }?.text("messaging.system") == "nats")
            #expect(
                spans.filter { $0.name.hasPrefix("apply") }.count == 2 && spans.contains { $0.name == "saga fulfil" })
            try await traced.stop()
        }
    #endif
}
