import FleetCore
import FleetFile
import FlowModel
import Flows
import Logging
import SagaModel
import Sagas
import Signals
import Stores
import Subscriptions

/// What journals tell of sagas and flows that have not ended.
extension FleetSignals {
    /// One look for each journal, for all that is told of it: metrics, `/readyz` and the page.
    /// - Parameter readers: those who read streams for journals.
    func journalLooks(
        of fleet: FleetDefinition, readers: [MeasuredDelivery], places: StreamPlaces, logger: Logger
    ) -> [JournalLook] {
        func parked(_ subscriptions: [SubscriptionName]) -> ParkedLook {
            ParkedLook(
                places: readers.filter { subscriptions.contains($0.subscription) }.map { ParkedLook.Place($0) },
                registry: registry, streams: places)
        }
        let sagas = fleet.sagaPlaces.map { sagaLook($0, fleet, parked([$0.subscription]), logger) }
        return sagas + [flowLook(fleet, parked(fleet.flows.map(\.subscription)), logger)].compactMap(\.self)
    }

    private func sagaLook(
        _ place: SagaPlace, _ fleet: FleetDefinition, _ parked: ParkedLook, _ logger: Logger
    ) -> JournalLook {
        let journal = place.journal(of: fleet.name)
        let declared = place.sagas.map(\.definition.name.text)
        // How many have ended only the page shows.
        let isShown = board != nil
        return JournalLook(
            name: place.name, open: { try Connectors.monitoredStore(of: place.host) },
            look: { store in
                let (standings, counts, seen) = try await store.read { transaction in
                    (
                        try journal.standings(in: transaction),
                        isShown ? try journal.counts(in: transaction) : [:], try parked.read(in: transaction)
                    )
                }
                for saga in Set(declared).union(standings.keys) {
                    self.tell(standings[saga] ?? SagaStanding(), of: saga)
                }
                parked.tell(seen)
                self.coordination.set(place.rows(counts), ofJournal: place.name)
            },
            forget: { error in
                self.forgetSagas(declared)
                parked.tell(nil)
                self.coordination.set(place.rows([:], error: error?.description), ofJournal: place.name)
            }, logger: logger)
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

    private func flowLook(_ fleet: FleetDefinition, _ parked: ParkedLook, _ logger: Logger) -> JournalLook? {
        guard !fleet.flows.isEmpty, let journal = fleet.flowJournal else { return nil }
        let names = fleet.flows.map(\.name)
        return JournalLook(
            name: "flows", open: { try Connectors.monitoredStore(of: journal, in: fleet) },
            look: { store in
                let (standings, seen) = try await store.read { transaction in
                    (
                        try names.map { try FlowJournal($0).standing(in: transaction) },
                        try parked.read(in: transaction)
                    )
                }
                for (name, standing) in zip(names, standings) { self.tell(standing, of: name.text) }
                parked.tell(seen)
                self.coordination.set(zip(names, standings).map { FleetStatus.Flow($0.text, $1.counts) })
            },
            forget: { error in
                for name in names { self.tell(nil, of: name.text) }
                parked.tell(nil)
                self.coordination.set(names.map { FleetStatus.Flow($0.text, error: error?.description) })
            }, logger: logger)
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
