#if Postgres
    public import Stores

    /// A statement, prepared on the server.
    public final class PostgresStatement: StoreStatement {
        let sql: String
        let label: String
        // A statement lives within its session's closures; its end may come after that of the session.
        private unowned let session: PostgresSession
        private let unneeded: UnneededStatements

        init(_ sql: String, label: String, session: PostgresSession) {
            self.sql = sql
            self.label = label
            self.session = session
            unneeded = session.unneeded
        }

        deinit { unneeded.labels.append(label) }

        @discardableResult
        public func run(_ parameters: [SQLValue]) throws -> Int {
            try session.execute(self, parameters).changes
        }

        public func runEach(_ parameterSets: [[SQLValue]]) throws -> [Int] {
            try session.execute(self, each: parameterSets)
        }

        public func submit(_ parameters: [SQLValue]) throws {
            try session.submit(self, parameters)
        }

        public func forEachRow(_ parameters: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
            let result = try session.execute(self, parameters)
            let columns = result.columns
            for row in 0..<result.rowCount {
                let values = columns.indices.map { result.value(row, $0) }
                try body(SQLRow(columns: columns, values: values))
            }
        }

        /// Runs it, and returns the rows as the server wrote them.
        public func result(_ parameters: [SQLValue]) throws -> PostgresResult {
            try session.execute(self, parameters)
        }
    }

    /// Prepared statements of a session that nobody holds any more.
    final class UnneededStatements {
        var labels: [String] = []
    }

    /// Whether there is anything but white space, comments and semicolons in a text.
    enum SQLEmptiness {
        static func holdsStatement(_ sql: String) -> Bool {
            var rest = Substring(sql)[...].utf8
            while let first = rest.first {
                if first == UInt8(ascii: ";") || first <= 0x20 {
                    rest = rest.dropFirst()
                } else if rest.starts(with: "--".utf8) {
                    rest = rest.drop { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
                } else if rest.starts(with: "/*".utf8) {
                    var depth = 0
                    repeat {
                        if rest.starts(with: "/*".utf8) {
                            depth += 1
                            rest = rest.dropFirst(2)
                        } else if rest.starts(with: "*/".utf8) {
                            depth -= 1
                            rest = rest.dropFirst(2)
                        } else {
                            rest = rest.dropFirst()
                        }
                    } while depth > 0 && !rest.isEmpty
                } else {
                    return true
                }
            }
            return false
        }
    }
#endif
