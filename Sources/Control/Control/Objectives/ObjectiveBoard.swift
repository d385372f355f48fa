import FleetCore
public import Objectives
import Synchronization

/// How the objectives of a fleet stand, for whoever in this process shows it.
public final class ObjectiveBoard: Sendable {
    private let current = Mutex<ObjectivesReading?>(nil)

    init() {}

    /// `nil` while nobody counts.
    public var reading: ObjectivesReading? { current.withLock { $0 } }

    func show(_ reading: ObjectivesReading?) { current.withLock { $0 = reading } }
}
