/// A service's own data store, opened.
///
/// A store runs its work on a thread of its own, one closure at a time, and never blocks the caller's. A closure is
/// one transaction: it commits when the closure returns, and leaves no trace when it throws.
///
/// What the closure throws is thrown as it is. Else every call throws ``FleetError``: `busy`, `full`, `readOnly`, `corrupt`, `missing` or
/// `unavailable` for the store itself, `statement` for SQL that is wrong or breaks a constraint. The message names
/// the store.
public protocol Store: Sendable {
    /// What may be shown of where the store is; never a secret.
    var name: String { get }

    /// Runs `body` in one read-write transaction and commits it durably. Where another transaction was in the way, what
    /// it did is undone and it may be run again: it should do nothing but work on the store.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result

    /// Runs `body` in one read-only transaction: all its reads see one state of the store.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result

    /// Lets go of the store, after the work at hand. Calls after this throw `unavailable`.
    func close() async
}

/// A transaction at work. It lives within the closure that it was lent to.
///
/// Parameters are written `$1`, `$2`, … in order of first appearance, whatever the store.
public protocol StoreTransaction: AnyObject {
    /// A statement, prepared; the store keeps it for the next time the same text is asked for.
    func prepare(_ sql: String) throws -> any StoreStatement

    /// Runs one or more statements that take no parameters and whose rows nobody wants.
    func script(_ sql: String) throws

    /// Runs `body`, and undoes only what it wrote if it throws.
    func savepoint<Result>(_ body: () throws -> Result) throws -> Result

    /// Looks whether the commit would fail now because of a constraint that is checked only then. It is still checked only
    /// then for what comes after this.
    /// - Throws: `statement` where it would; what was written so far must be undone.
    func checkDeferredConstraints() throws
}

extension StoreTransaction {
    /// Runs one statement, and returns how many rows it inserted, changed or deleted.
    @discardableResult
    public func run(_ sql: String, _ parameters: [SQLValue] = []) throws -> Int {
        try prepare(sql).run(parameters)
    }

    /// All rows of one statement. For results that are known to be small.
    public func rows(_ sql: String, _ parameters: [SQLValue] = []) throws -> [SQLRow] {
        var rows: [SQLRow] = []
        try prepare(sql).forEachRow(parameters) { rows.append($0) }
        return rows
    }

    /// The first row of one statement, if there is any.
    public func firstRow(_ sql: String, _ parameters: [SQLValue] = []) throws -> SQLRow? {
        try rows(sql, parameters).first
    }
}

/// A prepared statement. It lives within its transaction's closure.
public protocol StoreStatement: AnyObject {
    /// Runs it with one value for each parameter, and returns how many rows it inserted, changed or deleted.
    @discardableResult
    func run(_ parameters: [SQLValue]) throws -> Int

    /// Runs it once for each set of parameters, in order, and returns how many rows each changed. A store on a network
    /// sends all of them before it waits for the first answer.
    func runEach(_ parameterSets: [[SQLValue]]) throws -> [Int]

    /// Runs it, in order with all other statements of the transaction, where nobody needs to know how many rows it
    /// changed. Where it fails, a later call of the transaction may be the one that throws, at latest the end of its
    /// savepoint, or the commit.
    func submit(_ parameters: [SQLValue]) throws

    /// Runs it, and hands each row to `body`.
    func forEachRow(_ parameters: [SQLValue], _ body: (SQLRow) throws -> Void) throws
}
