import DrillJudge
import FleetCore
import Stores
import TestKit

/// Sees whether the whole fleet carries: writes an event into each service, and waits until every view has it.
struct Prober: Sendable {
    private let writers: [Writer]
    private let views: [any DrillConnection]

    private static let look = Duration.milliseconds(25)

    /// - Parameters:
    ///   - writers: one of each service, on connections that no fault cuts.
    ///   - views: connections to the views' stores that no fault cuts.
    init(writers: [Writer], views: [any DrillConnection]) {
        self.writers = writers
        self.views = views
    }

    /// - Returns: how long it took; `nil` where it took longer than `bound`.
    func probe(within bound: Duration) async throws -> Duration? {
        let begin = ContinuousClock.now
        let deadline = begin + bound
        for writer in writers {
            while await writer.carryOut(TransactionPlan(probe: .make())) != .committed {
                guard ContinuousClock.now < deadline else { return nil }
                try await Task.sleep(for: Self.look)
            }
        }
        while await !isCarried() {
            guard ContinuousClock.now < deadline else { return nil }
            try await Task.sleep(for: Self.look)
        }
        return ContinuousClock.now - begin
    }

    /// Whether every view has the last probe of each service. A server that is just coming back has not.
    private func isCarried() async -> Bool {
        do {
            for writer in writers {
                let last = try await writer.connection.rows(
                    "SELECT n FROM counters WHERE key = $1", [.text(DrillService.probeKey)])
                for view in views {
                    let found = try await view.rows(
                        "SELECT last FROM folds WHERE source = $1 AND key = $2",
                        [.text("/drill/\(writer.service.name)"), .text(DrillService.probeKey)])
                    guard let found = found.first, found[0] == last.first?[0] else { return false }
                }
            }
            return true
        } catch {
            return false
        }
    }

    func close() async {
        for writer in writers { await writer.connection.end() }
        for view in views { await view.end() }
    }
}
