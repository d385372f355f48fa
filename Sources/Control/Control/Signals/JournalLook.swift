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

    func repeatedly() async {
        let store = SharedStore(open)
        var trouble: FleetError.Code?
        var pace = LookPace()
        while !Task.isCancelled {
            let failure = await look(at: store, &pace)
            if Task.isCancelled { break }
            // What is in use at the moment is there at the next look.
            if let failure, failure.code != trouble, failure.code != .busy {
                logger.warning("\(name) tell no signals: \(failure)")
            }
            if failure == nil, let trouble, trouble != .busy { logger.info("\(name) tell signals again") }
            trouble = failure?.code
            try? await Task.sleep(for: failure == nil ? pace.pause() : LookPace.interval)
        }
        await store.close()
        forget(nil)
    }

    /// Looks whether the journal answers, and where it is time for that, at all that it tells.
    private func look(at shared: SharedStore, _ pace: inout LookPace) async -> FleetError? {
        do {
            let store = try await shared.store()
            do {
                try Connectors.checkPlace(of: store)
                try await store.read { _ = try $0.firstRow("SELECT 1") }
                guard pace.isDue() else { return nil }
                let begun = ContinuousClock.now
                defer { pace.looked(ContinuousClock.now - begun) }
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
