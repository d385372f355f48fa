public import Stores

/// What every ``Store`` must do, as checks that run on one implementation.
///
/// Each check needs a store of its own, empty:
///
///     @Test(arguments: StoreConformance.checks)
///     func conforms(check: StoreConformance.Check) async throws {
///         let directory = try TemporaryDirectory()
///         try await check.run(StoreConformance { try SomeStore(path: directory.file("store")) })
///     }
public struct StoreConformance: Sendable {
    /// What stores may differ in.
    public struct Features: Sendable {
        /// The column types that hold each kind of value.
        public var textType = "TEXT"
        public var bytesType = "BLOB"
        public var realType = "DOUBLE PRECISION"
        /// Whether a boolean comes back as a boolean; otherwise as the integer 0 or 1.
        public var keepsBooleans = false
        /// Whether a number that is none comes back; otherwise as null.
        public var keepsNaN = false
        /// Whether text may hold U+0000.
        public var keepsNULInText = true
        /// Whether one may read while another writes, without waiting for each other.
        public var readsWhileWriting = true
        /// A query that runs for minutes unless it is stopped.
        public var endlessQuery = """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0
            """

        public init() {}
    }

    /// One check, by name.
    public struct Check: Sendable, CustomStringConvertible {
        /// What must be.
        public let description: String
        private let body: @Sendable (StoreConformance) async throws -> Void

        init(_ description: String, _ body: @escaping @Sendable (StoreConformance) async throws -> Void) {
            self.description = description
            self.body = body
        }

        /// Runs it on an empty store.
        public func run(_ suite: StoreConformance) async throws { try await body(suite) }
    }

    /// All of them.
    public static let checks =
        transactionChecks + valueChecks + parameterChecks + batchChecks + savepointChecks + errorChecks
        + concurrencyChecks + schemaChecks
        + lifetimeChecks

    let features: Features
    let open: @Sendable () async throws -> any Store

    /// - Parameter open: opens the store; each time the same one.
    public init(features: Features = Features(), open: @escaping @Sendable () async throws -> any Store) {
        self.features = features
        self.open = open
    }

    /// Opens the store for the length of `body`.
    func withStore<Result>(_ body: (any Store) async throws -> Result) async throws -> Result {
        let store = try await open()
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    /// Opens the store with a table `items (id, name)` in it.
    func withItems<Result>(_ body: (any Store) async throws -> Result) async throws -> Result {
        try await withStore { store in
            let text = features.textType
            try await store.write { try $0.script("CREATE TABLE items (id BIGINT PRIMARY KEY, name \(text) UNIQUE)") }
            return try await body(store)
        }
    }
}

extension Store {
    /// Adds a row to `items`.
    func addItem(_ id: Int64, _ name: String) async throws {
        try await write { _ = try $0.run("INSERT INTO items VALUES ($1, $2)", [.integer(id), .text(name)]) }
    }

    /// The ids of `items`, in order.
    func itemIDs() async throws -> [Int64] {
        try await read { try $0.rows("SELECT id FROM items ORDER BY id").compactMap { $0[0].integer } }
    }
}

/// What a check throws on purpose.
struct Thrown: Error, Equatable {}
