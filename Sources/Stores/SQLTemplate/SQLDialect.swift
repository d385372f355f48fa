/// Whose SQL it is: what counts as a string, a name, a comment and a placeholder depends on it.
public enum SQLDialect: Hashable, Sendable {
    case sqlite
    /// With `standard_conforming_strings` on, as it has been by default since PostgreSQL 9.1.
    case postgresql
}
