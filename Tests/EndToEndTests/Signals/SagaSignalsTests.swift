import Foundation
import HTTPReceiver
import TestKit
import Testing

/// What a running fleet tells of its sagas and flows.
@Suite(.serialized, .lanes) struct SagaSignalsTests {
    private static func yaml(port: Int) -> String {
        """
        fleet: shop
        metrics: {listen: "127.0.0.1:0"}
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Asked, Answered]
        sagas:
          order:
            deadline: 20m
            steps:
              - step: reserve
                http: {url: "http://127.0.0.1:\(port)/reserve/{data.n}", body: {n: data.n}}
                retry: {attempts: 2, wait: 20ms, at_most: 50ms}
                timeout: 3m
                compensate:
                  http: {url: "http://127.0.0.1:\(port)/release/{data.n}", body: {n: data.n}}
                  retry: {attempts: 2, wait: 20ms, at_most: 50ms}
              - step: charge
                role: pivot
                http: {url: "http://127.0.0.1:\(port)/charge/{data.n}", body: {n: data.n}}
        flows:
          answer:
            start: shop.Asked
            key: n
            within: 1s
            grace: 100ms
            end: shop.Answered
        """
    }

    /// Orders above 10 cannot be charged; those above 20 cannot be undone either.
    private func receiver() async throws -> HTTPReceiver {
        try await HTTPReceiver { request in
            let number = Int(request.path.split(separator: "/").last ?? "") ?? 0
            if request.path.hasPrefix("/charge"), number > 10 { return .answer(422, body: "no money") }
            if request.path.hasPrefix("/release"), number > 20 { return .answer(500) }
            return .answer(200, body: "{}")
        }
    }

    private func start(_ fleet: FleetDirectory, _ numbers: Int...) async throws {
        for number in numbers {
            let result = try await fleet.flotilla(
                "sagas", "start", "order", "--id", "\(number)", "--data", "{\"n\": \(number)}")
            try check(result.ended(0), result.said)
        }
    }

    @Test func sagasAndTheirStepsAreMeasuredAndAParkedOneIsTold() async throws {
        let receiver = try await receiver()
        let fleet = try FleetDirectory(Self.yaml(port: receiver.port))
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        let signals = try await SignalAddress(of: run)
        try await start(fleet, 1, 2, 11, 21)
        try await eventually("three have ended, and one is parked") {
            let told = try await signals.get("/metrics")
            return told.value("flotilla_sagas_ended_total{saga=\"order\",outcome=\"completed\"}") == 2
                && told.value("flotilla_sagas_ended_total{saga=\"order\",outcome=\"compensated\"}") == 1
                && told.value("flotilla_sagas_open{saga=\"order\",state=\"parked\"}") == 1
        }
        let told = try await signals.get("/metrics")
        func steps(_ step: String, _ direction: String, _ outcome: String) -> Double? {
            told.value(
                "flotilla_sagas_steps_total{saga=\"order\",step=\"\(step)\",direction=\"\(direction)\",outcome=\"\(outcome)\"}"
            )
        }
        #expect(told.value("flotilla_sagas_started_total{saga=\"order\"}") == 4)
        #expect(told.value("flotilla_sagas_open{saga=\"order\",state=\"running\"}") == 0)
        #expect(told.value("flotilla_sagas_duration_seconds_count{saga=\"order\",outcome=\"completed\"}") == 2)
        #expect(steps("reserve", "forward", "done") == 4)
        #expect(steps("charge", "forward", "done") == 2 && steps("charge", "forward", "failed") == 2)
        #expect(steps("reserve", "compensation", "done") == 1 && steps("reserve", "compensation", "parked") == 1)
        #expect(steps("reserve", "compensation", "retried") == 1)
        let durations =
            "flotilla_sagas_step_duration_seconds_count{saga=\"order\",step=\"reserve\",direction=\"forward\"}"
        #expect(told.value(durations) == 4)
        #expect(try #require(told.value("flotilla_sagas_parked_age_seconds{saga=\"order\"}")) >= 0)
        #expect(try #require(told.value("flotilla_sagas_age_seconds{saga=\"order\"}")) > 0)
        // It waits for an operator, and stands in nobody's way.
        let ready = try await signals.get("/readyz")
        #expect(ready.status == 200, "\(ready.body)")
        #expect(
            ready.body.contains("\"part\":\"saga order\",\"reason\":\"1 is parked, the first since "), "\(ready.body)")
        let lines = run.errors.components(separatedBy: "order/21 is parked at the compensation of reserve; ")
        #expect(lines.count == 2 && lines[1].contains("flotilla sagas show order/21"), "\(run.errors)")
        #expect(try await fleet.flotilla("sagas", "skip", "21", "reserve", "--reason", "by hand").ended(0))
        try await eventually("nothing is parked any more") {
            try await !signals.get("/readyz").body.contains("saga order")
        }
        #expect(try await signals.value("flotilla_sagas_parked_age_seconds{saga=\"order\"}") == 0)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    @Test func aStuckFlowIsToldOnceAndLeavesTheFleetReady() async throws {
        let fleet = try FleetDirectory(Self.yaml(port: 1))
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        let signals = try await SignalAddress(of: run)
        let shop = try fleet.store("shop.db")
        try await shop.publish(OutboxRow(key: "a", type: "Asked", payload: "{\"n\": \"a\"}"))
        try await shop.publish(OutboxRow(key: "b", type: "Answered", payload: "{\"n\": \"b\"}"))
        try await eventually("it is stuck") {
            let told = try await signals.get("/metrics")
            return told.value("flotilla_flows_open{flow=\"answer\",state=\"stuck\"}") == 1
                && told.value("flotilla_flows_open{flow=\"answer\",state=\"unstarted\"}") == 1
        }
        let told = try await signals.get("/metrics")
        #expect(told.value("flotilla_flows_late{flow=\"answer\"}") == 1)
        #expect(told.value("flotilla_flows_out_of_order{flow=\"answer\"}") == 1)
        #expect(try #require(told.value("flotilla_flows_stuck_age_seconds{flow=\"answer\"}")) > 0)
        let ready = try await signals.get("/readyz")
        #expect(ready.status == 200 && ready.body.contains("\"part\":\"flow answer\""), "\(ready.body)")
        let lines = run.errors.components(separatedBy: "a run of flow answer is stuck: the flow did not end in time; ")
        #expect(lines.count == 2, "\(run.errors)")
        try await shop.publish(OutboxRow(key: "a", type: "Answered", payload: "{\"n\": \"a\"}"))
        try await eventually("it is stuck no more") {
            try await signals.value("flotilla_flows_open{flow=\"answer\",state=\"stuck\"}") == 0
        }
        #expect(try await !signals.get("/readyz").body.contains("flow answer"))
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }
}
