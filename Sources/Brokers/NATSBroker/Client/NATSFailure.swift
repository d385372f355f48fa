#if NATS
    import CLibNATS
    import FleetCore

    /// What libnats and the server say, as errors that a person can act on.
    enum NATSFailure {
        /// - Parameter name: what may be shown of where the server is.
        static func error(_ status: natsStatus, _ doing: String, at name: String, detail: String? = nil) -> FleetError {
            let said = detail ?? natsStatus_GetText(status).map { String(cString: $0) }
            switch status {
            case NATS_CONNECTION_AUTH_FAILED:
                return FleetError(
                    .denied, "the NATS server \(name) does not let us in",
                    remedy: "check user and password, token, nkey or credentials file of `broker`",
                    isRetriable: false, underlying: said)
            case NATS_NOT_PERMITTED:
                return denied(doing, at: name, said: said)
            case NATS_SSL_ERROR, NATS_SECURE_CONNECTION_REQUIRED, NATS_SECURE_CONNECTION_WANTED:
                return FleetError(
                    .denied, "no secure connection to the NATS server \(name) comes about",
                    remedy:
                        "check broker.tls: the authority that signed the server's certificate, the name in it, and whether"
                        + " the server speaks TLS at all", underlying: said)
            case NATS_ADDRESS_MISSING, NATS_INVALID_ARG:
                return FleetError(
                    .invalidInput, "\(name) is no address of a NATS server", remedy: "write nats://HOST:PORT",
                    underlying: said)
            case NATS_NO_SERVER, NATS_IO_ERROR, NATS_TIMEOUT, NATS_CONNECTION_CLOSED, NATS_CONNECTION_DISCONNECTED,
                NATS_STALE_CONNECTION, NATS_INSUFFICIENT_BUFFER, NATS_NOT_YET_CONNECTED:
                return unavailable(doing, at: name, said: said)
            case NATS_NO_SERVER_SUPPORT:
                return FleetError(
                    .invalidInput, "the NATS server \(name) is too old: it has no headers",
                    remedy: "use nats-server 2.9 or later", underlying: said)
            default:
                return FleetError(
                    .unavailable, "the NATS server \(name) could not \(doing)", isRetriable: true, underlying: said)
            }
        }

        static func unavailable(_ doing: String, at name: String, said: String? = nil) -> FleetError {
            FleetError(
                .unavailable, "the NATS server \(name) cannot be reached to \(doing)",
                remedy: "is nats-server running there?", isRetriable: true, underlying: said)
        }

        static func denied(_ doing: String, at name: String, said: String?) -> FleetError {
            FleetError(
                .denied, "the NATS server \(name) does not permit us to \(doing)",
                remedy:
                    "permit the user of `broker` to publish to and subscribe to $JS.API.>, $JS.ACK.>, _INBOX.> and the"
                    + " streams' subjects", underlying: said)
        }

        /// A cluster has not agreed on who leads a stream.
        static func leaderless(_ stream: String, at name: String, doing: String) -> FleetError {
            FleetError(
                .unavailable, "no server of \(name) leads stream \(stream) at the moment, to \(doing)",
                remedy: "a majority of the servers that hold it must be there, and may need some seconds to elect one",
                isRetriable: true)
        }

        /// Whoever leads a stream knows of too few others who hold it, too.
        static func alone(
            _ leader: String, of stream: String, replicas: Int, at name: String, doing: String
        ) -> FleetError {
            FleetError(
                .unavailable,
                "\(leader) leads stream \(stream) at \(name) without a majority of the \(replicas) servers that it is to be on, to"
                    + " \(doing)",
                remedy:
                    "where broker.replicas was changed, run `flotilla apply`, and start `flotilla run` anew; where it was not,"
                    + " \(leader) believes that it is alone: docs/nats.md tells how that is mended",
                isRetriable: true)
        }

        /// Servers of a cluster do not hold a stream with the others at the moment.
        static func gone(_ servers: [String], of stream: String, at name: String) -> FleetError {
            FleetError(
                .unavailable,
                "stream \(stream) at \(name) is carried without \(servers.joined(separator: ", ")), and stops where one server more"
                    + " is lost",
                remedy:
                    "see that nats-server runs there and reaches the others; one whose disk was full has turned JetStream off"
                    + " (its log says so), and must be started again once there is room", isRetriable: true)
        }

        /// JetStream itself answers nothing.
        static func noJetStream(at name: String, doing: String) -> FleetError {
            FleetError(
                .unavailable, "JetStream of the NATS server \(name) does not answer, to \(doing)",
                remedy:
                    "start nats-server with JetStream (-js, or a jetstream block), and enable it for the account; a cluster"
                    + " needs a majority of its servers", isRetriable: true)
        }
    }
#endif
