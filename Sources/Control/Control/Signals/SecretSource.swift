import Certificates
import FleetCore
import FleetFile

/// A file with a secret that ends by itself.
struct SecretSource: Sendable, Hashable {
    /// How it is called, for people.
    var name: String
    var path: String

    /// `nil` where it does not end.
    var end: Timestamp? {
        get throws { try CredentialsFile.end(path) }
    }

    /// What to do about one that ends: of a file, or a role's password.
    static func cure(of name: String) -> String {
        name == credentials ? "write it anew (`nsc generate creds`)" : "set it anew (ALTER ROLE … VALID UNTIL)"
    }

    fileprivate static let credentials = "JWT of broker.credentials"
}

/// A role of a server that stores are in.
struct SecretRole: Sendable {
    /// Asks how it is called, for people, and when its password ends; `nil` where that does not.
    var look: @Sendable () async throws -> (name: String, end: Timestamp?)
}

extension FleetDefinition {
    /// The secrets in files that the fleet's file names.
    var secrets: [SecretSource] {
        [broker.nats?.credentials].compactMap(\.self).map { SecretSource(name: SecretSource.credentials, path: $0) }
    }

    /// As whom the fleet comes into its stores and its state, and looks at their servers: each once.
    var secretRoles: [SecretRole] {
        let stores = services.map(\.store) + [state.store].compactMap(\.self)
        var seen: Set<[String]> = []
        var roles: [SecretRole] = []
        for store in stores {
            for monitoring in [nil, monitoring] {
                guard let key = Connectors.role(of: store, monitoring: monitoring), seen.insert(key).inserted else {
                    continue
                }
                roles.append(
                    SecretRole { try await Connectors.passwordEnd(of: store, monitoring: monitoring) })
            }
        }
        return roles
    }
}
