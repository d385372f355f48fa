import Foundation
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// Who is told of alerts, and that nobody waits for them.
@Suite(.serialized, .lanes) struct AlertTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func late(_ fleet: ObjectiveFleet) async throws {
        #expect(try await fleet.directory.flotilla("pause", "shop.sales").ended(0))
        try await fleet.sell(3)
    }

    @Test func aWebhookIsToldOfBeginningAndEnd() async throws {
        // It fails twice, and does not answer at all once.
        let count = Mutex(0)
        let receiver = try await HTTPReceiver { _ in
            switch count.withLock({ count in
                count += 1
                return count
            }) {
            case 1: .answer(500)
            case 2: .close
            default: .answer(204)
            }
        }
        let fleet = try await ObjectiveFleet(
            ObjectiveFleet.yaml(
                alerts: "{webhook: {url: \"http://127.0.0.1:\(receiver.port)/alerts\", secret: \(Self.secret)}}"))
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        try await eventually("it was told in the third attempt") { receiver.count >= 3 }
        let requests = receiver.requests
        // The same is told until it is understood, under one id.
        #expect(Set(requests.prefix(3).map { $0["webhook-id"] ?? "" }).count == 1)
        for request in requests {
            #expect(request.path == "/alerts" && request["content-type"] == "application/json")
            #expect(request["webhook-signature"] == signature(of: request), "\(request)")
            let body = try #require(
                try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any])
            #expect(body["fleet"] as? String == "shop" && body["objective"] as? String == "sales_fresh")
            #expect(body["status"] as? String == "firing" && body["id"] as? String == request["webhook-id"])
        }
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        try await eventually("the end is told") {
            receiver.requests.contains { $0.body.contains("\"status\":\"resolved\"") }
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(run.errors.components(separatedBy: "is not told of alerts, and tried again").count == 2)
        try await receiver.stop()
    }

    /// How many alerts an objective has: where all that happened was late, each fires.
    private static let alerts = 4

    /// A fleet of which a webhook was told all alerts before its process ended, and what its file says.
    private func allAlertsAreTold() async throws -> (fleet: ObjectiveFleet, yaml: String, receiver: HTTPReceiver) {
        let receiver = try await HTTPReceiver { _ in .answer(204) }
        let yaml = ObjectiveFleet.yaml(alerts: "{webhook: {url: \"http://127.0.0.1:\(receiver.port)/\"}}")
        let fleet = try await ObjectiveFleet(yaml)
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        try await eventually("all are told") {
            receiver.requests.filter { $0.body.contains("\"firing\"") }.count == Self.alerts
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        return (fleet, yaml, receiver)
    }

    /// Whoever was told of an alert is told of its end also where its objective is not declared any more, or as another.
    @Test(arguments: [nil, "freshness: 900ms"] as [String?])
    func theEndOfAnObjectiveIsTheEndOfItsAlerts(_ other: String?) async throws {
        let (fleet, yaml, receiver) = try await allAlertsAreTold()
        let declared = try #require(yaml.split(separator: "\n").first { $0.contains("sales_fresh:") })
        try fleet.directory.write(
            yaml.replacing(declared, with: other.map { declared.replacing("freshness: 500ms", with: $0) } ?? ""))
        // What follows is in time.
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        #expect(try await fleet.directory.flotilla("apply").ended(0))
        let second = try await fleet.directory.startRun()
        try await eventually("the end of each is told") {
            receiver.requests.filter { $0.body.contains("is not declared as it was any more: its alert over ") }.count
                == Self.alerts
        }
        let ends = second.logLines.filter { $0.contains("alert=resolved") && $0.contains("is not declared as it was") }
        #expect(
            ends.count == Self.alerts && ends.allSatisfy { $0.contains("objective=sales_fresh") }, "\(second.errors)")
        second.send(SIGTERM)
        #expect(try await second.end() == .code(0))
        try await receiver.stop()
    }

    private func withoutObjectives(_ yaml: String) throws -> String {
        let begin = try #require(yaml.range(of: "objectives:\n"))
        let end = try #require(yaml.range(of: "services:\n"))
        return yaml.replacingCharacters(in: begin.lowerBound..<end.lowerBound, with: "")
    }

    /// The last objective as well: nobody counts any more, and all the same whoever was told is told.
    @Test func theEndOfAllObjectivesIsTheEndOfTheirAlerts() async throws {
        let (fleet, yaml, receiver) = try await allAlertsAreTold()
        try fleet.directory.write(try withoutObjectives(yaml))
        #expect(try await fleet.directory.flotilla("apply").ended(0))
        let second = try await fleet.directory.startRun()
        func ends() -> Int {
            receiver.requests.filter { $0.body.contains("is not declared as it was any more: its alert over ") }.count
        }
        try await eventually("the end of each is told") { ends() == Self.alerts }
        let kept = try fleet.directory.store(".flotilla/objectives.sqlite")
        try await eventually("it is noted that it was") {
            try await kept.integer("SELECT count(*) FROM flotilla_objective_notices") == 0
        }
        #expect(try await kept.integer("SELECT count(*) FROM flotilla_objectives") == 0)
        let lines = second.logLines.filter { $0.contains("alert=resolved") && $0.contains("is not declared as it was") }
        #expect(
            lines.count == Self.alerts && lines.allSatisfy { $0.contains("objective=sales_fresh") }, "\(second.errors)")
        #expect(!second.errors.contains("names no webhook"), "\(second.errors)")
        second.send(SIGTERM)
        #expect(try await second.end() == .code(0))
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        let third = try await fleet.directory.flotilla("run", "--until-idle")
        #expect(third.ended(0) && !third.errors.contains("is not declared as it was"), "\(third.said)")
        #expect(ends() == Self.alerts)
        try await receiver.stop()
    }

    /// Where the way to tell goes with the last objective, that is said once.
    @Test func whoCannotBeToldAnyMoreIsSaidOnce() async throws {
        let fleet = try await ObjectiveFleet()
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        try await eventually("all fire") { run.logLines.filter { $0.contains("alert=firing") }.count == Self.alerts }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let yaml = try withoutObjectives(ObjectiveFleet.yaml(alerts: "{log: false}"))
        try fleet.directory.write(yaml)
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        let said = "alerts of objectives that are not declared any more have ended (4)"
        let second = try await fleet.directory.flotilla("run", "--until-idle")
        #expect(second.ended(0) && second.errors.contains(said), "\(second.said)")
        #expect(!second.errors.contains("alert=resolved"), "\(second.said)")
        let kept = try fleet.directory.store(".flotilla/objectives.sqlite")
        #expect(try await kept.integer("SELECT count(*) FROM flotilla_objectives") == 0)
        let third = try await fleet.directory.flotilla("run", "--until-idle")
        #expect(third.ended(0) && !third.errors.contains("have ended"), "\(third.said)")
    }

    private func signature(of request: HTTPReceiver.Request) -> String {
        guard let shell = Command("python3"), let id = request["webhook-id"], let time = request["webhook-timestamp"],
            let said = try? shell.run([
                "-c",
                """
                import base64, hashlib, hmac, sys
                key = base64.b64decode(sys.argv[1])
                text = ".".join(sys.argv[2:]).encode()
                print("v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode(), end="")
                """, String(Self.secret.dropFirst(6)), id, time, request.body,
            ])
        else { return "" }
        return said.output
    }

    @Test func aWebhookThatHangsHoldsUpNobodyAndIsToldByTheNextProcess() async throws {
        let hangs = Mutex(true)
        let receiver = try await HTTPReceiver { _ in hangs.withLock { $0 } ? .hang : .answer(204) }
        let fleet = try await ObjectiveFleet(
            ObjectiveFleet.yaml(alerts: "{webhook: {url: \"http://127.0.0.1:\(receiver.port)/\"}}"))
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        try await eventually("it is asked") { receiver.count >= 1 }
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        try await fleet.sell(20)
        try await eventually("events are carried meanwhile") {
            try await fleet.directory.store("shop.db").integer("SELECT count(*) FROM sales") == 23
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let first = try #require(receiver.requests.first?["webhook-id"])
        hangs.withLock { $0 = false }
        let asked = receiver.count
        let second = try await fleet.directory.startRun()
        try await eventually("the next process tells it") { receiver.count > asked }
        #expect(receiver.requests[asked]["webhook-id"] == first)
        second.send(SIGTERM)
        #expect(try await second.end() == .code(0))
        try await receiver.stop()
    }

    /// Why it is not told is said, and nothing of where it is that may be a secret.
    @Test func anAlertmanagerThatHangsIsToldWithItsReason() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let fleet = try await ObjectiveFleet(
            ObjectiveFleet.yaml(
                alerts: "{alertmanager: {url: \"http://127.0.0.1:\(receiver.port)/${AM_PATH:-zqsecret}\"}}"))
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        try await eventually("it is said") { run.errors.contains("Alertmanager is not told of alerts") }
        let line = try #require(run.logLines.first { $0.contains("Alertmanager is not told of alerts") })
        #expect(line.contains("http://127.0.0.1:\(receiver.port)/… did not answer within 10"), "\(line)")
        #expect(line.contains("see that it runs and answers, and that `url` under `alerts` names it"), "\(line)")
        #expect(!run.errors.contains("zqsecret"), "\(run.errors)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await receiver.stop()
    }

    /// What was told is written down already: a process that is killed in that moment leaves nothing to tell again.
    @Test func anAlertIsToldOnceAlsoWhereTheProcessIsKilled() async throws {
        let fleet = try await ObjectiveFleet()
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        func told(_ program: Program) -> Int {
            program.logLines.filter { $0.contains("alert=firing") && $0.contains("over 2m") }.count
        }
        try await eventually("it is told") { told(run) == 1 }
        run.kill()
        _ = try await run.end()
        let second = try await fleet.directory.startRun()
        let signals = try await SignalAddress(of: second)
        let alert =
            "flotilla_objective_alert{fleet=\"shop\",objective=\"sales_fresh\",subject=\"view shop.sales\",severity=\"page\",window=\"2m\"}"
        try await eventually("the next process knows that it fires") { try await signals.value(alert) == 1 }
        #expect(told(second) == 0, "\(second.errors)")
        // What rests since this process began is no less late.
        let bad =
            "flotilla_objective_bad_events_total{fleet=\"shop\",objective=\"sales_fresh\",subject=\"view shop.sales\"}"
        try await eventually("what lasts goes on to be bad") { (try await signals.value(bad) ?? 0) >= 10 }
        #expect(try await signals.value(alert) == 1 && !second.errors.contains("alert=resolved"), "\(second.errors)")
        second.send(SIGTERM)
        #expect(try await second.end() == .code(0))
    }

    @Test func aRealAlertmanagerHoldsTheAlertForActiveUntilItEnds() async throws {
        guard let server = try AlertmanagerServer() else { return }
        let fleet = try await ObjectiveFleet(
            ObjectiveFleet.yaml(alerts: "{log: false, alertmanager: {url: \"http://127.0.0.1:\(server.port)\"}}"))
        let run = try await fleet.directory.startRun()
        try await late(fleet)
        let alert = try await eventually("it has the alert") {
            await server.alerts().first { $0.labels["window"] == "2m" }
        }
        #expect(alert.labels["alertname"] == "FlotillaObjectiveBurnsTooFast" && alert.status.state == "active")
        #expect(alert.labels["objective"] == "sales_fresh" && alert.labels["severity"] == "page")
        #expect(alert.labels["fleet"] == "shop" && alert.labels["subject"] == "view shop.sales")
        #expect(alert.annotations["summary"]?.contains("burns its budget") == true)
        #expect(!run.errors.contains("alert=firing"))
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        try await eventually("it has ended") { await !server.alerts().contains { $0.labels["window"] == "2m" } }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }
}
