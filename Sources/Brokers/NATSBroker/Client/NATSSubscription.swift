#if NATS
    import CLibNATS

    /// A subscription of libnats, which ends with its last owner.
    ///
    /// Safe to share: nobody looks at it but `deinit`.
    final class NATSSubscription: @unchecked Sendable {
        private let pointer: OpaquePointer
        /// Must not go before its subscription.
        private let connection: NATSHandle

        /// What libnats holds for a subscription.
        private final class Closure: Sendable {
            let receiver: any MessageReceiver
            init(_ receiver: any MessageReceiver) { self.receiver = receiver }
        }

        /// - Parameter name: what may be shown of where the server is.
        init(_ connection: NATSHandle, to subject: String, _ receiver: any MessageReceiver, at name: String) throws {
            var made: OpaquePointer?
            let closure = Unmanaged.passRetained(Closure(receiver))
            let status = natsConnection_Subscribe(
                &made, connection.pointer, subject, Self.received, closure.toOpaque())
            guard status == NATS_OK, let made else {
                closure.release()
                throw NATSFailure.error(status, "listen for answers", at: name)
            }
            pointer = made
            self.connection = connection
            // Nothing waits there: the callback takes it at once, and whoever asks bounds what comes.
            _ = natsSubscription_SetPendingLimits(made, -1, -1)
            _ = natsSubscription_SetOnCompleteCB(made, Self.ended, closure.toOpaque())
        }

        deinit { natsSubscription_Destroy(pointer) }

        private static let received: natsMsgHandler = { _, _, message, closure in
            guard let message else { return }
            // Freed by its owner, whoever that is in the end.
            let taken = NATSMessage(message)
            guard let closure else { return }
            Unmanaged<Closure>.fromOpaque(closure).takeUnretainedValue().receiver.receive(taken)
        }

        /// The last call of all for a subscription.
        private static let ended: natsOnCompleteCB = { closure in
            if let closure { Unmanaged<Closure>.fromOpaque(closure).release() }
        }
    }
#endif
