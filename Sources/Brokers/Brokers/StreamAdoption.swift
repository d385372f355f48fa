public import FleetCore

/// Makes streams that go on from those of another broker: with their identity and their positions, so that no reader's cursor
/// has to change.
public protocol StreamAdoptingSetup: BrokerSetup {
    /// Makes a stream that holds nothing yet, and whose next record has a position. No effect where it was made before.
    ///
    /// - Parameters:
    ///   - identity: as ``StreamBounds/identity`` says it where the stream is now.
    ///   - first: the position of the first record that is to be copied.
    /// - Throws: `conflict` where there is a stream of that name that holds something else.
    func adopt(_ stream: StreamName, identity: String, from first: LogPosition) async throws
}

/// A broker that takes records over at the positions that they have elsewhere.
public protocol RecordCopier: Broker {
    /// Appends records, and returns once they are durable. An event that is there twice is copied twice; who is asked again
    /// for the same records repeats none.
    /// - Throws: `conflict` where somebody else appends too.
    func append(copies records: [LogRecord], to stream: StreamName) async throws
}
