#if NATS
    /// How a NATS server or cluster is reached, and as whom.
    public struct NATSSettings: Sendable, Hashable {
        /// Certificates in files of PEM form.
        public struct TLS: Sendable, Hashable {
            /// Who is trusted to sign the server's; the system's where it is `nil`.
            public var authority: String?
            /// The client's own, with its key, where the server asks for one.
            public var certificate: String?
            public var key: String?

            public init(authority: String? = nil, certificate: String? = nil, key: String? = nil) {
                self.authority = authority
                self.certificate = certificate
                self.key = key
            }
        }

        /// `nats://` or `tls://` URLs of servers of one cluster. They may hold secrets and are never shown.
        public var servers: [String]
        /// What may be shown of them.
        public var name: String
        /// How servers' lists of connections name this one.
        public var application: String
        public var tls: TLS?
        /// A file with a JWT and a seed (`.creds`).
        public var credentials: String?
        /// A file with the seed of an nkey.
        public var nkey: String?
        /// On how many servers each stream is to be; 1 where that is not known.
        public var replicas: Int

        public init(
            servers: [String], name: String, application: String = "flotilla", tls: TLS? = nil,
            credentials: String? = nil, nkey: String? = nil, replicas: Int = 1
        ) {
            self.servers = servers
            self.name = name
            self.application = application
            self.tls = tls
            self.credentials = credentials
            self.nkey = nkey
            self.replicas = replicas
        }
    }
#endif
