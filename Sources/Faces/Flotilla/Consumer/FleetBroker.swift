import Brokers
import EmbeddedBroker
import FleetCore
import Foundation

#if NATS
    import NATSBroker
#endif

/// Where a fleet's streams are, for those who read them.
public struct FleetBroker: Sendable {
    let fleet: FleetName
    /// As `messaging.system` of OpenTelemetry's conventions has it.
    let system: String
    let open: @Sendable () -> any Broker
    /// How long a look at an idle stream takes. Embedded streams that another process writes to wake nobody here.
    let patience: Duration

    /// The embedded broker of a fleet on this machine.
    /// - Parameters:
    ///   - fleet: the fleet's name.
    ///   - state: the state directory of the fleet file: `.flotilla`, relative to the working directory.
    /// - Throws: `FleetError` with code `invalidInput` for what is no name of a fleet.
    public static func embedded(fleet: String, state: String = ".flotilla") throws -> FleetBroker {
        let directory = URL(fileURLWithPath: state).appendingPathComponent("streams").path
        // It only reads: what is kept, and for how long, is for the one who carries the fleet.
        let retention = Retention(age: .seconds(0), size: ByteCount(0), limit: ByteCount(0))
        return FleetBroker(
            fleet: try FleetName(fleet), system: "flotilla",
            open: { EmbeddedBroker(directory: directory, retention: retention) },
            patience: .milliseconds(20))
    }

    #if NATS
        /// A NATS server or cluster with JetStream (trait `NATS`).
        /// - Parameters:
        ///   - fleet: the fleet's name.
        ///   - servers: `nats://` or `tls://` URLs of servers of one cluster, with user and password or a token where they
        ///     are needed; no message shows those.
        ///   - replicas: on how many servers the fleet file has each stream (`broker.replicas`): who leads one without a majority
        ///     of them is not believed.
        ///   - authority: a PEM file with who is trusted to have signed the servers' certificates; the system's where it is
        ///     `nil`.
        ///   - certificate: the client's own certificate, a PEM file, where the servers ask for one.
        ///   - key: the key of `certificate`, a PEM file.
        ///   - credentials: a file with a JWT and a seed (`.creds`).
        ///   - nkey: a file with the seed of an nkey.
        /// - Throws: `FleetError` with code `invalidInput` for what is no name of a fleet, and for no servers.
        public static func nats(
            fleet: String, servers: [String], replicas: Int = 1, authority: String? = nil, certificate: String? = nil,
            key: String? = nil, credentials: String? = nil, nkey: String? = nil
        ) throws -> FleetBroker {
            guard !servers.isEmpty else {
                throw FleetError(.invalidInput, "no NATS server is named", remedy: "name one: nats://HOST:4222")
            }
            let name = servers.map { url in
                let parts = URLComponents(string: url)
                return (parts?.host ?? "a server") + (parts?.port.map { ":\($0)" } ?? "")
            }
            let isSecure = authority != nil || certificate != nil
            let settings = NATSSettings(
                servers: servers, name: name.joined(separator: ", "), application: "consumer of \(fleet)",
                tls: isSecure ? .init(authority: authority, certificate: certificate, key: key) : nil,
                credentials: credentials, nkey: nkey, replicas: replicas)
            // It only reads: what is kept, and for how long, is for the one who carries the fleet.
            let retention = Retention(age: .seconds(0), size: ByteCount(0), limit: ByteCount(0))
            return FleetBroker(
                fleet: try FleetName(fleet), system: "nats",
                open: { NATSBroker(settings, retention: retention) },
                patience: .seconds(1))
        }
    #endif
}
