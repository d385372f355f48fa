import FleetCore
import FleetFile
import FlowModel
import Flows
import Logging
import SagaModel
import Sagas
import Signals
import Stores

/// What journals tell of sagas and flows that have not ended.
extension FleetSignals {
    /// One look for each journal.
    func journalLooks(of fleet: FleetDefinition, logger: Logger) -> [JournalLook] {
        fleet.sagaPlaces.map { sagaLook($0, fleet, logger) } + [flowLook(fleet, logger)].compactMap(\.self)
    }

    private func sagaLook(_ place: SagaPlace, _ fleet: FleetDefinition, _ logger: Logger) -> JournalLook {
        let journal = place.journal(of: fleet.name)
        let declared = place.sagas.map(\.definition.name.text)
        return JournalLook(
            name: place.name, open: { try Connectors.monitoredStore(of: place.host) },
            look: { store in
                let standings = try await store.read { try journal.standings(in: $0) }
                for saga in Set(declared).union(standings.keys) {
                    self.tell(standings[saga] ?? SagaStanding(), of: saga)
                }
            }, forget: { self.forgetSagas(declared) }, logger: logger)
    }

    private func tell(_ standing: SagaStanding, of saga: String) {
        for status in [SagaStatus.running, .compensating, .parked] {
            registry.gauge(FleetMetrics.sagasOpen).series(saga, status.rawValue).set(standing.open[status] ?? 0)
        }
        let now = Timestamp.now()
        registry.gauge(FleetMetrics.sagasAge).series(saga).set(Self.age(of: standing.startedFirst, at: now))
        registry.gauge(FleetMetrics.sagasParkedAge).series(saga).set(Self.age(of: standing.parkedFirst, at: now))
        let parked = standing.open[.parked] ?? 0
        health.attend(
            to: "saga \(saga)",
            parked == 0
                ? nil
                : Self.text(parked, "parked", since: standing.parkedFirst)
                    + "; see `flotilla sagas list --saga \(saga) --status parked`")
    }

    private func forgetSagas(_ sagas: [String]) {
        for saga in sagas {
            for status in [SagaStatus.running, .compensating, .parked] {
                registry.gauge(FleetMetrics.sagasOpen).series(saga, status.rawValue).set(nil)
            }
            registry.gauge(FleetMetrics.sagasAge).series(saga).set(nil)
            registry.gauge(FleetMetrics.sagasParkedAge).series(saga).set(nil)
            health.attend(to: "saga \(saga)", nil)
        }
    }

    private func flowLook(_ fleet: FleetDefinition, _ logger: Logger) -> JournalLook? {
        guard !fleet.flows.isEmpty, let journal = fleet.flowJournal else { return nil }
        let names = fleet.flows.map(\.name)
        return JournalLook(
            name: "flows", open: { try Connectors.monitoredStore(of: journal, in: fleet) },
            look: { store in
                let standings = try await store.read { transaction in
                    try names.map { try FlowJournal($0).standing(in: transaction) }
                }
                for (name, standing) in zip(names, standings) { self.tell(standing, of: name.text) }
            }, forget: { for name in names { self.tell(nil, of: name.text) } }, logger: logger)
    }

    /// - Parameter standing: `nil` where it is not known.
    private func tell(_ standing: FlowStanding?, of flow: String) {
        for status in [FlowStatus.unstarted, .running, .stuck] {
            registry.gauge(FleetMetrics.flowsOpen).series(flow, status.rawValue)
                .set(standing.map { Double($0.counts.byStatus[status] ?? 0) })
        }
        registry.gauge(FleetMetrics.flowsOutOfOrder).series(flow).set(standing.map { Double($0.counts.outOfOrder) })
        registry.gauge(FleetMetrics.flowsLate).series(flow).set(standing.map { Double($0.counts.late) })
        registry.gauge(FleetMetrics.flowsStuckAge).series(flow)
            .set(standing.map { Self.age(of: $0.stuckFirst, at: .now()) })
        let stuck = Int(standing?.counts.byStatus[.stuck] ?? 0)
        health.attend(
            to: "flow \(flow)",
            stuck == 0
                ? nil
                : Self.text(stuck, "stuck", since: standing?.stuckFirst)
                    + "; see `flotilla flows list \(flow) --state stuck`")
    }

    /// In seconds; 0 where there is nothing.
    private static func age(of first: Timestamp?, at now: Timestamp) -> Double {
        first.map { max(0, now.elapsed(since: $0).inSeconds) } ?? 0
    }

    private static func text(_ count: Int, _ state: String, since first: Timestamp?) -> String {
        "\(count) \(count == 1 ? "is" : "are") \(state)" + (first.map { ", the first since \($0)" } ?? "")
    }
}
