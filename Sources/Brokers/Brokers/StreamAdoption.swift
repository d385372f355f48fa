public import FleetCore

/// A broker that takes over streams from another one as they are: with their identity and their positions, so that no
/// reader's cursor has to change.
public protocol StreamAdopter: Broker {
    /// Makes a stream that holds nothing yet, and whose next record has a position. No effect where it was made so before.
    ///
    /// - Parameters:
    ///   - identity: as ``StreamBounds/identity`` says it where the stream is now.
    ///   - first: the position of the first record that is to be copied.
    /// - Throws: `conflict` where there is a stream of that name that holds something else.
    func adopt(_ stream: StreamName, identity: String, from first: LogPosition) async throws

    /// Appends records, all at the positions that they have elsewhere, and returns once they are durable. An event that is
    /// there twice is copied twice.
    /// - Throws: `conflict` where the first is not the next, or somebody else appends too.
    func append(copies records: [LogRecord], to stream: StreamName) async throws
}
