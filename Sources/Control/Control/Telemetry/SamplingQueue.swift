import Dispatch
import FleetCore

/// Where it is decided on traces: on a thread of its own, so that a decision that takes long holds up no other work.
final class SamplingQueue: Sendable {
    private let queue = DispatchQueue(label: "flotilla.sampling")

    /// The end of something that is done there.
    struct Ending: Sendable {
        fileprivate let signal = ChangeSignal()

        var isReached: Bool { signal.generation > 0 }

        /// - Returns: whether it was reached in time.
        func wait(_ limit: Duration) async -> Bool {
            await signal.wait(past: 0, timeout: limit)
            return isReached
        }
    }

    /// Has `body` done behind all that is to be done there already.
    func begin(_ body: @escaping @Sendable () -> Void) -> Ending {
        let ending = Ending()
        queue.async {
            body()
            ending.signal.notify()
        }
        return ending
    }
}
