#if NATS
    import CLibNATS
    import FleetCore
    import Glibc
    import Wire

    /// A message on its way to a stream, of libnats.
    struct OutgoingMessage: ~Copyable {
        /// What must be last in the stream for the message to be taken.
        enum Predecessor {
            /// Whatever is at a sequence.
            case sequence(UInt64)
            /// The id of the event before it in the batch. A sequence would not do: where a stranger's message has come between, the
            /// second of a batch would be in the place of the first.
            case event(UnsafePointer<CChar>)
        }

        /// Why a call of libnats failed.
        struct Failure: Error { var status: natsStatus }

        private let pointer: OpaquePointer

        /// - Parameters:
        ///   - texts: of a batch; subject and headers of the message are there.
        ///   - isKnown: whether the server knows by its id a message that it was sent before; else it takes both.
        init(
            _ message: NATSMessageText.Message, in texts: UnsafePointer<CChar>, payload: [UInt8], isKnown: Bool,
            after predecessor: Predecessor
        ) throws {
            var text = texts + message.texts.lowerBound
            var made: OpaquePointer?
            let status = payload.withUnsafeBytes { bytes in
                natsMsg_Create(
                    &made, text, nil, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            }
            guard status == NATS_OK, let made else {
                throw FleetError(.unavailable, "libnats makes no message of an event", isRetriable: true)
            }
            pointer = made
            for _ in 0..<message.headerCount {
                let name = text + strlen(text) + 1
                let value = name + strlen(name) + 1
                _ = natsMsgHeader_Add(made, name, value)
                text = value
            }
            if isKnown { _ = natsMsgHeader_Add(made, "Nats-Msg-Id", texts + message.id) }
            switch predecessor {
            case .sequence(let end): _ = natsMsgHeader_Add(made, "Nats-Expected-Last-Sequence", String(end))
            case .event(let before): _ = natsMsgHeader_Add(made, "Nats-Expected-Last-Msg-Id", before)
            }
        }

        deinit { natsMsg_Destroy(pointer) }

        /// - Returns: whether it was sent, as far as this side knows.
        func publish(_ connection: OpaquePointer) -> Bool {
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
