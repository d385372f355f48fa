import FleetCore
import FleetFile
import Foundation
import Logging
import Objectives
import ServiceLifecycle
import Stores
import Subscriptions
import Synchronization

/// Ends the alerts of a fleet that has no objectives any more, once, and keeps what nobody was told of it yet.
final class FormerObjectives: Service {
    let desk: AlertDesk
    private let fleet: FleetDefinition
    private let epoch: Int64
    private let logger: Logger
    private let journal: ObjectiveJournal
    private let store: SharedStore
    /// The alerts that the journal keeps as untold, by their ids; `nil` until the alerts are ended.
    private let kept = Mutex<[String]?>(nil)

    /// How often it looks whether somebody was told.
    private static let interval = Duration.seconds(1)
    private static let backoff = Backoff(initial: .milliseconds(200), cap: .seconds(30))

    /// - Returns: `nil` where the fleet has objectives, or certainly never had any.
    init?(_ fleet: FleetDefinition, epoch: Int64, logger: Logger) {
        guard fleet.objectives.isEmpty else { return nil }
        let file = fleet.file(of: FleetJournal.ofObjectives)
        let isThere = fleet.state.store != nil || FileManager.default.fileExists(atPath: file)
        guard isThere else { return nil }
        self.fleet = fleet
        self.epoch = epoch
        self.logger = logger
        desk = AlertDesk(fleet.alerts)
        journal = ObjectiveJournal(objectives: [], spared: fleet.objectivesLeftOut)
        store = SharedStore { try Connectors.store(of: FleetJournal.ofObjectives, in: fleet) }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            var failures = 0
            while !Task.isCancelled {
                do {
                    try await self.turn()
                    if self.isOver { break }
                    failures = 0
                    try? await Task.sleep(for: Self.interval)
                } catch {
                    failures += 1
                    if failures == 1, !Task.isCancelled {
                        self.logger.warning(
                            "what was kept of former objectives cannot be read: \(FleetError.wrapping(error))")
                    }
                    try? await Task.sleep(for: self.pause(failures))
                }
            }
            if self.isOver { await self.store.close() }
            // The end of a service is the end of all.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
        // A run that is over at once ends them all the same.
        if !isOver { try? await turn() }
        await store.close()
    }

    private func pause(_ failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return Self.backoff.delay(afterFailures: failures, using: &random)
    }

    /// Whether all are ended, and everybody was told.
    private var isOver: Bool { kept.withLock { $0?.isEmpty == true } && desk.pending.notices.isEmpty }

    /// Ends the alerts where that was not done yet, and then notes who was told.
    private func turn() async throws {
        do {
            let opened = try await store.store()
            if kept.withLock({ $0 }) == nil { try await endAlerts(in: opened) }
            try await keep(in: opened)
        } catch {
            if let failed = store.opened, !FleetError.wrapping(error).waitingHelps { await store.discard(failed) }
            throw error
        }
    }

    private func endAlerts(in store: any Store) async throws {
        guard try await isJournalThere(in: store) else { return kept.withLock { $0 = [] } }
        let (journal, name, hasWebhook) = (journal, fleet.name, desk.hasWebhook)
        let (untold, ended) = try await store.write { transaction in
            let ended = try journal.prepare(
                of: name, at: FleetClock.system.now(), keepsNotices: hasWebhook, in: transaction)
            return (try journal.load(in: transaction).notices, ended)
        }
        kept.withLock { $0 = untold.map(\.id) }
        desk.restore(untold, alerts: ended)
        if fleet.alerts.log { for notice in ended { logger.tell(notice) } }
        if !ended.isEmpty, !desk.hasWebhook, !desk.hasAlertmanager {
            logger.notice(
                """
                alerts of objectives that are not declared any more have ended (\(ended.count)); `alerts` names no webhook \
                and no Alertmanager to be told
                """)
        }
    }

    /// Its tables may never have been made, or be older than anybody reads here.
    private func isJournalThere(in store: any Store) async throws -> Bool {
        let isShared = fleet.state.store != nil
        do {
            return try await store.read { transaction in
                // A server writes down each statement that fails.
                if isShared {
                    let found = try transaction.firstRow(
                        "SELECT 1 WHERE to_regclass('flotilla_objectives') IS NOT NULL")
                    guard found != nil else { return false }
                }
                _ = try transaction.firstRow("SELECT definition FROM flotilla_objectives")
                return true
            }
        } catch let error as FleetError where error.code == .missing || error.code == .statement {
            return false
        }
    }

    private func keep(in store: any Store) async throws {
        let pending = desk.pending.notices
        guard let known = kept.withLock({ $0 }), known != pending.map(\.id) else { return }
        let changes = ObjectiveJournal.Changes(
            budgets: [], asOf: FleetClock.system.now(), journalsUntil: [:], notices: pending)
        let (journal, epoch) = (journal, epoch)
        try await store.write { try journal.save(changes, epoch: epoch, in: $0) }
        kept.withLock { $0 = pending.map(\.id) }
    }
}
