import FleetCore
import FleetFile
import Foundation
import HTTPEndpoint
import Logging
import Objectives
import ServiceLifecycle

/// Tells a webhook and Alertmanager of alerts: again and again until they have understood, and never in the way of anybody
/// else. Of use where there is one of the two.
struct AlertService: Service {
    let alerts: AlertsDefinition
    let desk: AlertDesk
    let logger: Logger

    private static let timeout = Duration.seconds(10)
    private static let backoff = Backoff(initial: .seconds(1), cap: .seconds(60))
    /// How often Alertmanager is told what still fires.
    static let repetition = Duration.seconds(60)
    /// Alertmanager takes an alert for ended that it was not told of for so long.
    static let memory = Duration.seconds(240)

    func run() async {
        let caller = HTTPCaller(connections: 2)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                if let webhook = alerts.webhook { group.addTask { await self.tell(webhook, caller) } }
                if let place = alerts.alertmanager { group.addTask { await self.tell(place, caller) } }
                await group.waitForAll()
            }
        }
        await caller.close()
    }

    // MARK: The webhook

    private func tell(_ webhook: AlertWebhook, _ caller: HTTPCaller) async {
        var trouble = Trouble(what: "the alerts' webhook", logger: logger)
        while !Task.isCancelled {
            let generation = desk.changes.generation
            let dropped = desk.takeDropped()
            if dropped > 0 {
                logger.warning("\(dropped) alerts were dropped that \(webhook.place.name) could not be told of")
            }
            guard let notice = desk.first else {
                await desk.changes.wait(past: generation, timeout: .seconds(3600))
                continue
            }
            do {
                try await post(notice, to: webhook, caller)
                desk.told(notice)
                trouble.isOver()
            } catch {
                if Task.isCancelled { return }
                await trouble.wait(FleetError.wrapping(error), Self.backoff)
            }
        }
    }

    private func post(_ notice: AlertNotice, to webhook: AlertWebhook, _ caller: HTTPCaller) async throws {
        let body = Array(try Self.encoder.encode(notice))
        let time = String(Timestamp.now().microseconds / 1_000_000)
        var headers = [
            ("content-type", "application/json"), ("webhook-id", notice.id), ("webhook-timestamp", time),
        ]
        if let secret = webhook.secret {
            headers.append(
                ("webhook-signature", WebhookSignature(secret).value(id: notice.id, time: time, body: body)))
        }
        try await call(webhook.place, webhook.place.url, headers, body, caller)
    }

    // MARK: Alertmanager

    private func tell(_ place: AlertPlace, _ caller: HTTPCaller) async {
        var trouble = Trouble(what: "Alertmanager", logger: logger)
        let url = place.url.hasSuffix("/") ? "\(place.url)api/v2/alerts" : "\(place.url)/api/v2/alerts"
        while !Task.isCancelled {
            let generation = desk.changes.generation
            let alerts = desk.alerts
            do {
                if !alerts.isEmpty {
                    let now = Timestamp.now()
                    let body = try Self.encoder.encode(alerts.map { AlertmanagerAlert($0, at: now) })
                    try await call(place, url, [("content-type", "application/json")], Array(body), caller)
                    desk.forget(alerts.filter { $0.status == .resolved })
                    trouble.isOver()
                }
                await desk.changes.wait(past: generation, timeout: Self.repetition)
            } catch {
                if Task.isCancelled { return }
                await trouble.wait(FleetError.wrapping(error), Self.backoff)
            }
        }
    }

    // MARK: Calls

    /// - Throws: where the answer is no success.
    private func call(
        _ place: AlertPlace, _ url: String, _ headers: [(String, String)], _ body: [UInt8], _ caller: HTTPCaller
    ) async throws {
        let answer: (status: Int, headers: [(String, String)], body: [UInt8])
        do {
            answer = try await caller.call(
                method: "POST", url: url, headers: headers, body: body, timeout: Self.timeout)
        } catch {
            // What the caller says of an address may be more than may be shown.
            let known = FleetError.wrapping(error)
            let shown = String(url.prefix { !"?#".contains($0) })
            throw FleetError(
                known.code, known.message.replacing(shown, with: place.name),
                remedy: "see that it runs and answers, and that `url` under `alerts` names it", isRetriable: true,
                underlying: known.underlying)
        }
        guard (200...299).contains(answer.status) else {
            throw FleetError(.unavailable, "\(place.name) answered \(answer.status)", isRetriable: true)
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

/// Trouble with somebody who is to be told: it is said once when it begins, and once when it is over.
private struct Trouble {
    let what: String
    let logger: Logger
    private var failures = 0
    private var random = SystemRandomNumberGenerator()

    init(what: String, logger: Logger) {
        self.what = what
        self.logger = logger
    }

    mutating func wait(_ error: FleetError, _ backoff: Backoff) async {
        failures += 1
        if failures == 1 { logger.warning("\(what) is not told of alerts, and tried again: \(error)") }
        try? await Task.sleep(for: backoff.delay(afterFailures: failures, using: &random))
    }

    mutating func isOver() {
        if failures > 0 { logger.info("\(what) is told of alerts again") }
        failures = 0
    }
}

/// An alert as Alertmanager's API takes it (v2, `postableAlert`).
struct AlertmanagerAlert: Encodable {
    var labels: [String: String]
    var annotations: [String: String]
    var startsAt: String
    var endsAt: String

    init(_ notice: AlertNotice, at now: Timestamp) {
        labels = [
            "alertname": "FlotillaObjectiveBurnsTooFast", "fleet": notice.fleet, "objective": notice.objective,
            "subject": notice.subject.description, "severity": notice.severity.rawValue,
            "window": ObjectiveText.duration(notice.longWindow),
        ]
        annotations = ["summary": notice.text]
        startsAt = notice.since
        endsAt = notice.status == .resolved ? notice.at : now.advanced(by: AlertService.memory).description
    }
}
