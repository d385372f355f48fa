import FleetCore
import FleetFile
import Objectives
import Synchronization

/// Alerts that somebody is to be told of. Who counts puts them here and goes on; who tells takes them, however long that takes.
final class AlertDesk: Sendable {
    private struct State {
        /// For the webhook, the oldest first.
        var notices: [AlertNotice] = []
        var dropped = 0
        /// Counts the changes of `notices`.
        var generation = 0
        /// For Alertmanager, by what it calls one alert.
        var alerts: [AlertNotice.Key: AlertNotice] = [:]
    }

    private let state: Mutex<State>
    let changes = ChangeSignal()
    let hasWebhook: Bool
    let hasAlertmanager: Bool

    /// More notices than these are not kept: the oldest go.
    static let limit = 1_000

    init(_ alerts: AlertsDefinition) {
        hasWebhook = alerts.webhook != nil
        hasAlertmanager = alerts.alertmanager != nil
        state = Mutex(State())
    }

    /// Takes over what another process could not tell, and the alerts that it left.
    func restore(_ notices: [AlertNotice], alerts: [AlertNotice]) {
        state.withLock { state in
            if hasWebhook { state.notices = notices + state.notices }
            if hasAlertmanager {
                for alert in alerts where state.alerts[alert.key] == nil { state.alerts[alert.key] = alert }
            }
        }
        changes.notify()
    }

    func put(_ notice: AlertNotice) {
        state.withLock { state in
            if hasWebhook {
                state.notices.append(notice)
                state.generation += 1
                if state.notices.count > Self.limit {
                    state.notices.removeFirst()
                    state.dropped += 1
                }
            }
            if hasAlertmanager { state.alerts[notice.key] = notice }
        }
        changes.notify()
    }

    // MARK: The webhook

    /// What nobody was told of, and the number of that list.
    var pending: (notices: [AlertNotice], generation: Int) { state.withLock { ($0.notices, $0.generation) } }

    var first: AlertNotice? { state.withLock { $0.notices.first } }

    func told(_ notice: AlertNotice) {
        state.withLock { state in
            state.notices.removeAll { $0.id == notice.id }
            state.generation += 1
        }
    }

    /// How many were dropped since this was asked last.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    // MARK: Alertmanager

    var alerts: [AlertNotice] { state.withLock { $0.alerts.values.sorted { ($0.at, $0.id) < ($1.at, $1.id) } } }

    /// Forgets those that have ended, and that Alertmanager knows to have.
    func forget(_ ended: [AlertNotice]) {
        state.withLock { state in
            for alert in ended where state.alerts[alert.key]?.id == alert.id { state.alerts[alert.key] = nil }
        }
    }
}

extension AlertNotice {
    /// What is one alert, however often it fires.
    struct Key: Hashable {
        var objective: String
        var severity: BurnRule.Severity
        var longWindow: Double
    }

    var key: Key { Key(objective: objective, severity: severity, longWindow: longWindow) }
}
