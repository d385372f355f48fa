import FleetCore
import FleetFile
import Logging
import Stores

/// Looks at the tables of one store, and tells what others than `apply` have changed.
struct SchemaLook {
    let service: ServiceName
    let board: SchemaBoard
    let logger: Logger

    private var mark: String?
    /// What was seen once, and is told where the next look sees the same: a migration of many steps is one change.
    private var unsettled: StoreSchema?
    private var due = ContinuousClock.now
    private var told = 0
    private var lastTold: ContinuousClock.Instant?

    /// Whose tables come and go all day is told of less and less often.
    private static let shortestPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(3600)

    init(of service: ServiceName, _ board: SchemaBoard, _ logger: Logger) {
        (self.service, self.board, self.logger) = (service, board, logger)
    }

    /// The store may be another one by now.
    mutating func forget() { mark = nil }

    /// - Throws: what the store does not tell.
    mutating func look(at store: any SchemaSource) async throws {
        let now = ContinuousClock.now
        guard now >= due else { return }
        due = now + type(of: store).schemaInterval
        if let found = try await store.schema(since: mark) {
            (mark, unsettled) = (found.mark, found.schema)
            due = now
        } else if let schema = unsettled {
            guard mayTell(at: now) else { return }
            guard let text = await board.compare(schema, of: service) else {
                due = now
                return
            }
            unsettled = nil
            guard !text.isEmpty else { return }
            lastTold = now
            told += 1
            logger.info("\(text)")
        }
    }

    private mutating func mayTell(at now: ContinuousClock.Instant) -> Bool {
        guard let lastTold else { return true }
        if now - lastTold > Self.longestPause * 2 { told = 0 }
        let pause = Self.shortestPause * (1 << min(max(0, told - 1), 9))
        return now - lastTold >= min(pause, Self.longestPause)
    }
}
