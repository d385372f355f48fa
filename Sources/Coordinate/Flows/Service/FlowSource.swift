public import FleetCore

/// A stream that a flow reads, and what is known of its way there.
public struct FlowSource: Sendable {
    public var stream: StreamName
    /// Whether everything that was committed before the call is in the stream.
    public var isDrained: @Sendable () async throws -> Bool
    /// Whether an operator has the stream's outbox rest.
    public var isPaused: @Sendable () -> Bool

    public init(
        stream: StreamName, isDrained: @escaping @Sendable () async throws -> Bool,
        isPaused: @escaping @Sendable () -> Bool
    ) {
        self.stream = stream
        self.isDrained = isDrained
        self.isPaused = isPaused
    }
}
