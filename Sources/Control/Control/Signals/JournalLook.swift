import FleetCore
import Logging
import Stores
import Subscriptions

/// Looks at a journal of sagas or flows, over a connection of its own.
struct JournalLook: Sendable {
    /// How it is called, for people.
    let name: String
    let open: @Sendable () throws -> any Store
    let look: @Sendable (any Store) async throws -> Void
    /// What was told is not known any more, and why; without a reason where nobody looks any more.
    let forget: @Sendable (FleetError?) -> Void
    let logger: Logger

    private static let interval = Duration.seconds(5)
    /// A journal is asked for a hundredth of its time, at most.
    private static let share = 100
    private static let longest = Duration.seconds(30)

    func repeatedly() async {
        let store = SharedStore(open)
        var trouble: FleetError.Code?
        while !Task.isCancelled {
            let begun = ContinuousClock.now
            let failure = await look(at: store)
            if Task.isCancelled { break }
            // What is in use at the moment is there at the next look.
            if let failure, failure.code != trouble, failure.code != .busy {
                logger.warning("\(name) tell no signals: \(failure)")
            }
            if failure == nil, let trouble, trouble != .busy { logger.info("\(name) tell signals again") }
            trouble = failure?.code
            let pause = min(max(Self.interval, (ContinuousClock.now - begun) * Self.share), Self.longest)
            try? await Task.sleep(for: failure == nil ? pause : Self.interval)
        }
        await store.close()
        forget(nil)
    }

    private func look(at shared: SharedStore) async -> FleetError? {
        do {
            let store = try await shared.store()
            do {
                try Connectors.checkPlace(of: store)
                try await look(store)
                return nil
            } catch {
                await shared.discard(store)
                throw error
            }
        } catch {
            let error = FleetError.wrapping(error)
            if !Task.isCancelled { forget(error) }
            return error
        }
    }
}
