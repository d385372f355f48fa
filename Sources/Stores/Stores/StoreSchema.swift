/// The tables of a store and their columns: what of its schema is told when it changes.
public struct StoreSchema: Sendable, Hashable, Codable {
    public struct Table: Sendable, Hashable, Codable {
        public var name: String
        /// In the table's own order.
        public var columns: [Column]

        public init(name: String, columns: [Column] = []) {
            self.name = name
            self.columns = columns
        }
    }

    public struct Column: Sendable, Hashable, Codable {
        public var name: String
        /// As the store calls it: `bigint not null`.
        public var type: String

        public init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    /// In the order of their names' bytes.
    public var tables: [Table]
    /// The table that was not read to its end, as the store has more columns than are read: of it, and of all behind it, nothing
    /// is known. `nil` where everything was read.
    public var end: String?

    /// So many columns of a store are read.
    public static let columnLimit = 2000
    /// So many characters of a name are kept, and of a type.
    public static let longestName = 100

    /// - Parameter tables: in the order of their names' bytes.
    public init(tables: [Table] = [], end: String? = nil) {
        self.tables = tables
        self.end = end
    }
}

/// A store that tells what tables it has.
public protocol SchemaSource: Sendable {
    /// How often it may be asked.
    static var schemaInterval: Duration { get }

    /// What tables it has. Flotilla's own, whose names begin with `flotilla_`, are left out.
    /// - Parameter mark: what was told with the schema that is known; `nil` where none is.
    /// - Returns: `nil` where it is that schema still.
    /// - Throws: where nothing can be told.
    func schema(since mark: String?) async throws -> (schema: StoreSchema, mark: String)?
}

extension StoreSchema {
    /// Puts together what was read row by row.
    public struct Reading {
        private var tables: [Table] = []
        private var columns = 0
        private var end: String?

        public init() {}

        /// - Parameters:
        ///   - table: tables come in the order of their names' bytes.
        ///   - column: `nil` where the table has none.
        /// - Returns: whether more may come.
        public mutating func add(_ table: String, _ column: Column?) -> Bool {
            guard columns < columnLimit else {
                // What is not whole would look as if it had lost columns.
                if tables.last?.name == table { tables.removeLast() }
                end = table
                return false
            }
            columns += 1
            if tables.last?.name != table { tables.append(Table(name: table)) }
            if let column { tables[tables.count - 1].columns.append(column) }
            return true
        }

        public var schema: StoreSchema { StoreSchema(tables: tables, end: end) }
    }
}
