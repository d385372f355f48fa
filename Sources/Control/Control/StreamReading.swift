import Brokers
public import FleetCore
public import FleetFile
public import Wire

/// Looks at the records of a service's stream, as they are on the wire. Changes nothing, whether the fleet runs or not.
public struct StreamReading: Sendable {
    /// A record of the stream.
    public struct Record: Sendable {
        public var position: LogPosition
        public var message: WireMessage
    }

    private let fleet: FleetDefinition
    private let stream: StreamName
    private let message: @Sendable (Event) -> WireMessage

    /// What is held in memory at once; a single larger event is, too.
    private static let batch = BatchLimit(events: 256, bytes: .mebibytes(1))
    /// How long after it was appended a record may be told, where somebody follows.
    private static let patience = Duration.milliseconds(200)

    /// - Parameter format: in the place of the one that the service declares.
    /// - Throws: `invalidInput` for a service that there is not, or that publishes nothing.
    public init(_ serviceName: String, in fleet: FleetDefinition, format: WireFormat? = nil) throws {
        let service = try fleet.service(named: serviceName)
        guard !service.publishes.isEmpty else {
            let publishers = fleet.publishers.map(\.service.name.text)
            throw FleetError(
                .invalidInput, "\(service.name) publishes nothing, and so has no stream",
                remedy: publishers.isEmpty
                    ? "list its events under its `publishes`"
                    : "services that publish are \(publishers.joined(separator: ", "))")
        }
        self.fleet = fleet
        let stream = fleet.stream(of: service.name)
        self.stream = stream
        if fleet.hasSubjects, format == nil {
            let mapping = NATSMapping(
                stream: stream, subjects: try SubjectMapping(stream: stream, topic: service.topic),
                format: service.format)
            message = { mapping.message(of: $0) }
        } else {
            let mapping = WireMapping(
                stream: stream, topic: service.topic ?? .standard, format: format ?? service.format)
            message = { mapping.message(of: $0) }
        }
    }

    /// Reads records in order, a batch at a time, until `body` says that it wants no more.
    /// - Parameters:
    ///   - first: where to begin; with the oldest record where it is `nil`.
    ///   - limit: how many records at most.
    ///   - follows: whether to wait for more at the end, instead of returning.
    /// - Throws: `gap` where records that were asked for are there no more; `invalidInput` for a position beyond the end.
    public func read(
        from first: LogPosition? = nil, limit: Int? = nil, follows: Bool = false,
        _ body: @Sendable ([Record]) async throws -> Bool
    ) async throws {
        let broker = Connectors.broker(of: fleet, isReadOnly: true)
        do {
            try await read(broker, from: first, limit: limit, follows: follows, body)
            await broker.close()
        } catch {
            await broker.close()
            throw error
        }
    }

    private func read(
        _ broker: any Broker, from first: LogPosition?, limit: Int?, follows: Bool,
        _ body: @Sendable ([Record]) async throws -> Bool
    ) async throws {
        let bounds = try await broker.bounds(of: stream)
        let start = first ?? bounds.first
        try check(start, bounds)
        var position = LogPosition(start.value - 1)
        var rest = limit ?? .max
        while rest > 0, follows || position < bounds.last {
            let batch = BatchLimit(
                events: EventCount(min(rest, Self.batch.events.value)), bytes: Self.batch.bytes)
            var records: [LogRecord]
            do {
                records = try await broker.read(stream, after: position, limit: batch)
            } catch let error as FleetError where error.code == .gap {
                // Retention was faster; or the stream is another, which the broker tells.
                try check(LogPosition(position.value + 1), try await broker.bounds(of: stream))
                throw error
            }
            // What came after the beginning is for those who follow.
            if !follows { records.removeAll { $0.position > bounds.last } }
            guard let last = records.last else {
                if !follows { return }
                try await broker.waitForRecords(in: stream, after: position, timeout: Self.patience)
                try Task.checkCancellation()
                continue
            }
            position = last.position
            rest -= records.count
            let messages = records.map { Record(position: $0.position, message: message($0.event)) }
            guard try await body(messages) else { return }
        }
    }

    private func check(_ start: LogPosition, _ bounds: StreamBounds) throws {
        if start < bounds.first {
            let last = bounds.first.value - 1
            let missing = last == start.value ? "record \(last)" : "records \(start) to \(last)"
            throw FleetError(
                .gap, "\(missing) of stream \(stream) are gone: retention dropped them",
                remedy: "begin with what is there: --from \(bounds.first)")
        }
        if start.value > bounds.last.value + 1 {
            throw FleetError(
                .invalidInput, "stream \(stream) ends at position \(bounds.last), before \(start)",
                remedy: "--follow --from \(bounds.last.value + 1) waits for what comes next")
        }
    }
}
