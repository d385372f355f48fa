/// The SQL of one view, to be checked without running it on a store.
public struct ViewSQL: Sendable {
    public var name: String
    /// DDL that creates the view's tables.
    public var schema: String
    /// Single statements, with parameters written `$1`, `$2`, …
    public var statements: [String]

    public init(name: String, schema: String, statements: [String]) {
        self.name = name
        self.schema = schema
        self.statements = statements
    }
}

/// Something wrong with a view's SQL.
public struct SQLFinding: Sendable, Hashable {
    public enum Place: Sendable, Hashable {
        case schema
        /// By its number in ``ViewSQL/statements``.
        case statement(Int)
    }

    /// The view's number in what was checked.
    public var view: Int
    public var place: Place
    /// In UTF-8, from the beginning of the schema or statement.
    public var byteOffset: Int
    /// What the store's own parser says.
    public var message: String
    public var remedy: String
    /// Whether it may be right after all, once the service has created its own tables.
    public var isUncertain: Bool

    /// Whether a table is not found.
    public var isAbsence: Bool

    public init(
        view: Int, place: Place, byteOffset: Int, message: String, remedy: String = "", isUncertain: Bool = false,
        isAbsence: Bool = false
    ) {
        self.view = view
        self.place = place
        self.byteOffset = byteOffset
        self.message = message
        self.remedy = remedy
        self.isUncertain = isUncertain
        self.isAbsence = isAbsence
    }
}
