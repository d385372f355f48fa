/// As whom servers of stores are asked how they are.
public struct MonitoringDefinition: Sendable, Hashable, CustomStringConvertible {
    /// A role of PostgreSQL's, which sees statistics and no data.
    public var role: String
    /// Its password; `nil` where it comes in by other means (`~/.pgpass`, `peer`). A secret, which is never printed.
    public var password: String?

    public init(role: String, password: String? = nil) {
        self.role = role
        self.password = password
    }

    /// The role, and nothing that is secret.
    public var description: String { role }
}
