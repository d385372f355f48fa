#if NATS
    import CLibNATS
    import FleetCore
    import Wire

    /// A message on its way to a stream, of libnats.
    final class OutgoingMessage {
        /// What must be last in the stream for the message to be taken.
        enum Predecessor {
            /// Whatever is at a sequence.
            case sequence(UInt64)
            /// The id of the event before it in the batch. A sequence would not do: where a stranger's message has come between, the
            /// second of a batch would be in the place of the first.
            case event(String)
        }

        /// Why a call of libnats failed.
        struct Failure: Error { var status: natsStatus }

        private let pointer: OpaquePointer

        /// - Parameter id: by which the server knows a message that it was sent before; `nil` where it shall take both.
        init(_ message: WireMessage, id: String?, after predecessor: Predecessor) throws {
            var made: OpaquePointer?
            let value = message.value ?? []
            let status = value.withUnsafeBytes { bytes in
                natsMsg_Create(
                    &made, message.topic, nil, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(bytes.count))
            }
            guard status == NATS_OK, let made else {
                throw FleetError(.unavailable, "libnats makes no message of an event", isRetriable: true)
            }
            pointer = made
            for header in message.headers { _ = natsMsgHeader_Add(made, header.name, header.value) }
            if let id { _ = natsMsgHeader_Set(made, "Nats-Msg-Id", id) }
            switch predecessor {
            case .sequence(let end): _ = natsMsgHeader_Set(made, "Nats-Expected-Last-Sequence", String(end))
            case .event(let before): _ = natsMsgHeader_Set(made, "Nats-Expected-Last-Msg-Id", before)
            }
        }

        deinit { natsMsg_Destroy(pointer) }

        /// - Returns: whether it was sent, as far as this side knows.
        func publish(_ connection: OpaquePointer) throws -> Bool {
            natsConnection_PublishMsg(connection, pointer) == NATS_OK
        }

        /// Sends it, and waits for the answer.
        func request(_ connection: OpaquePointer, timeout: Duration) -> Result<NATSMessage, Failure> {
            var reply: OpaquePointer?
            let status = natsConnection_RequestMsg(&reply, connection, pointer, timeout.wholeMicroseconds / 1000)
            guard status == NATS_OK, let reply else { return .failure(Failure(status: status)) }
            return .success(NATSMessage(reply))
        }
    }
#endif
