public import Dispatch

/// A place at which work on a thread of its own waits until a test lets it go on.
public final class Gate: Sendable {
    private let arrived = DispatchSemaphore(value: 0)
    private let opened = DispatchSemaphore(value: 0)

    public init() {}

    /// Called by the work: tells that it is here, and waits. Blocks its thread.
    public func pass(atMost timeout: DispatchTimeInterval = .seconds(180)) throws {
        arrived.signal()
        try check(opened.wait(timeout: .now() + timeout) == .success, "nobody opened the gate")
        // It stays open, for work that is done again.
        opened.signal()
    }

    /// Called by the test: returns once the work has arrived.
    public func waitForArrival() async throws {
        try await eventually("arrival at the gate") { self.arrived.wait(timeout: .now()) == .success }
    }

    /// Lets the work go on, now or whenever it arrives.
    public func open() { opened.signal() }
}
