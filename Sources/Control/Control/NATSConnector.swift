#if NATS
    import FleetCore
    import FleetFile
    import NATSBroker
    import Wire

    extension FleetDefinition {
        /// Where the fleet's NATS is; `nil` where its broker is another.
        var natsSettings: NATSSettings? {
            broker.nats.map { nats in
                NATSSettings(
                    servers: nats.servers.map(\.text), name: nats.description, application: "flotilla \(name)",
                    tls: nats.tls.map { .init(authority: $0.authority, certificate: $0.certificate, key: $0.key) },
                    credentials: nats.credentials, nkey: nats.nkey, replicas: nats.replicas)
            }
        }
    }
#endif
