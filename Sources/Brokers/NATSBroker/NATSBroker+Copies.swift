#if NATS
    public import Brokers
    public import FleetCore

    extension NATSBroker: RecordCopier {
        public func append(copies records: [LogRecord], to name: StreamName) async throws {
            guard let first = records.first?.position else { return }
            let stream = try stream(name)
            // Tells which sequence a position has.
            let bounds = try await bounds(of: name)
            guard let sequence = stream.sequence(of: LogPosition(first.value - 1)) else {
                throw FleetError(
                    .conflict, "stream \(name) at \(self.name) begins behind position \(first)",
                    remedy: "remove the stream there, and run this again")
            }
            let end = try await append(records.map(\.event), to: stream, after: sequence)
            guard end == sequence + UInt64(records.count) else {
                throw FleetError(
                    .conflict,
                    "somebody else appends to stream \(name) at \(self.name), which ended at position \(bounds.last)",
                    remedy: "see that nobody does, remove the stream there, and run this again")
            }
        }
    }

    extension NATSBrokerSetup: StreamAdoptingSetup {
        public func adopt(_ stream: StreamName, identity: String, from first: LogPosition) async throws {
            let wanted = try configuration(of: stream, identity: identity, offset: first.value - 1)
            try await withAPI { api in
                guard let there = try await api.streamIfPresent(wanted.name) else {
                    return try await api.createStream(wanted)
                }
                if there.place.identity == identity { return }
                guard StreamPlace.isOurs(there.config.description), there.state.lastSequence == 0 else {
                    throw FleetError(
                        .conflict,
                        "there is a stream \(stream) already, with records of its own, at the NATS server \(serverName)",
                        remedy: "if nobody needs it, remove it (`nats stream rm \(stream)`), and run this again")
                }
                // `flotilla apply` has made it, and nobody has appended to it.
                try await api.updateStream(wanted)
            }
        }
    }
#endif
