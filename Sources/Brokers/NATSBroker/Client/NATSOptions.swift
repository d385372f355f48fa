#if NATS
    import CLibNATS
    import FleetCore
    import Foundation

    /// How a connection is opened, for libnats.
    final class NATSOptions {
        /// What a connection is for.
        enum Purpose {
            /// Batches: what is written is gathered until it is sent.
            case publishing
            /// Requests and answers: each is sent at once.
            case asking
        }

        private let pointer: OpaquePointer
        private let settings: NATSSettings
        private let events: ConnectionEvents

        /// How long a server is waited for when it is connected to, in milliseconds.
        private static let connectTimeout: Int64 = 2_000
        /// How long the system is waited for to take what is sent, in milliseconds.
        private static let writeDeadline: Int64 = 3_000
        /// How often a silent server is asked whether it is there, in milliseconds; given up after two without answer.
        private static let pingInterval: Int64 = 3_000

        init(_ settings: NATSSettings, purpose: Purpose, events: ConnectionEvents) throws {
            self.settings = settings
            self.events = events
            var made: OpaquePointer?
            guard natsOptions_Create(&made) == NATS_OK, let made else {
                throw FleetError(.unavailable, "libnats cannot be used: no memory", isRetriable: true)
            }
            pointer = made
            let closure = Unmanaged.passUnretained(events).toOpaque()
            try setServers()
            try set(natsOptions_SetName(pointer, settings.application))
            try set(natsOptions_SetTimeout(pointer, Self.connectTimeout))
            try set(natsOptions_SetWriteDeadline(pointer, Self.writeDeadline))
            try set(natsOptions_SetPingInterval(pointer, Self.pingInterval))
            try set(natsOptions_SetMaxPingsOut(pointer, 2))
            // For ever: what is to be published waits in its outbox meanwhile, not here.
            try set(natsOptions_SetAllowReconnect(pointer, true))
            try set(natsOptions_SetMaxReconnect(pointer, -1))
            try set(natsOptions_SetCustomReconnectDelay(pointer, ConnectionCallbacks.delay, nil))
            try set(natsOptions_SetReconnectBufSize(pointer, 1))
            try set(natsOptions_SetFailRequestsOnDisconnect(pointer, true))
            try set(natsOptions_SetSendAsap(pointer, purpose == .asking))
            try set(natsOptions_SetIOBufSize(pointer, 128 * 1024))
            try set(natsOptions_SetErrorHandler(pointer, ConnectionCallbacks.error, closure))
            try set(natsOptions_SetDisconnectedCB(pointer, ConnectionCallbacks.disconnected, closure))
            try set(natsOptions_SetReconnectedCB(pointer, ConnectionCallbacks.reconnected, closure))
            try set(natsOptions_SetClosedCB(pointer, ConnectionCallbacks.closed, closure))
            try secure()
            try identify()
        }

        deinit { natsOptions_Destroy(pointer) }

        private func set(_ status: natsStatus) throws {
            if status != NATS_OK { throw NATSFailure.error(status, "connect", at: settings.name) }
        }

        private func setServers() throws {
            let texts = settings.servers.map { strdup($0) }
            defer { for text in texts { free(text) } }
            var servers = texts.map { UnsafePointer($0) }
            try set(natsOptions_SetServers(pointer, &servers, Int32(servers.count)))
        }

        private func secure() throws {
            let isAsked = settings.tls != nil || settings.servers.contains { $0.hasPrefix("tls://") }
            guard isAsked else { return }
            try set(natsOptions_SetSecure(pointer, true))
            guard let tls = settings.tls else { return }
            if let authority = tls.authority {
                try Self.check(authority, "broker.tls.ca")
                try set(natsOptions_LoadCATrustedCertificates(pointer, authority))
            }
            if let certificate = tls.certificate, let key = tls.key {
                try Self.check(certificate, "broker.tls.cert")
                try Self.check(key, "broker.tls.key")
                try set(natsOptions_LoadCertificatesChain(pointer, certificate, key))
            }
        }

        private func identify() throws {
            if let file = settings.credentials {
                try Self.check(file, "broker.credentials")
                try Self.checkCredentials(file)
                try set(natsOptions_SetUserCredentialsFromFiles(pointer, file, nil))
            }
            if let file = settings.nkey {
                try Self.check(file, "broker.nkey")
                let key = try NKey.publicKey(inFile: file)
                try set(natsOptions_SetNKeyFromSeed(pointer, key, file))
            }
        }

        /// libnats does not say which file it cannot read.
        private static func check(_ file: String, _ key: String) throws {
            guard FileManager.default.isReadableFile(atPath: file) else {
                throw FleetError(
                    .missing, "the file of \(key) cannot be read: \(file)",
                    remedy: "check that it is there, and who may read it")
            }
        }

        /// Nor what is wrong with one that it can read.
        private static func checkCredentials(_ file: String) throws {
            let text = try? String(contentsOfFile: file, encoding: .utf8)
            for part in ["NATS USER JWT", "USER NKEY SEED"] {
                guard let text, text.contains("BEGIN \(part)"), text.contains("END \(part)") else {
                    throw FleetError(
                        .invalidInput, "the file of broker.credentials holds no \(part.lowercased()): \(file)",
                        remedy: "write it anew (`nsc generate creds`)")
                }
            }
        }

        /// Connects. Blocks until it is done, or has failed.
        func connect() throws -> NATSHandle {
            var connection: OpaquePointer?
            // Let go of by the callback that ends a connection, which comes for those alone that were made.
            let retained = Unmanaged.passRetained(events)
            var status = natsConnection_Connect(&connection, pointer)
            // What is signed is another each time. libnats (3.4.1) leaves out a signature whose first byte is 0, one in 256, and
            // is not let in.
            for _ in 0..<2 where status == NATS_CONNECTION_AUTH_FAILED && signs {
                status = natsConnection_Connect(&connection, pointer)
            }
            guard status == NATS_OK, let connection else {
                retained.release()
                throw NATSFailure.error(status, "connect", at: settings.name)
            }
            return NATSHandle(connection)
        }

        /// Whether it is by a signature that we prove who we are.
        private var signs: Bool { settings.credentials != nil || settings.nkey != nil }
    }
#endif
