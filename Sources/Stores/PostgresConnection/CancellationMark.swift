#if Postgres
    import FleetCore
    import Synchronization

    /// Tells work on a thread of its own that nobody waits for it any more.
    public final class CancellationMark: Sendable {
        private let mark = Atomic(false)

        public init() {}

        public var isMarked: Bool { mark.load(ordering: .relaxed) }
        public func set() { mark.store(true, ordering: .relaxed) }

        func check(_ name: String) throws {
            if isMarked { throw FleetError(.cancelled, "the work on \(name) was stopped") }
        }
    }
#endif
