#if Postgres
    /// Where a PostgreSQL database is, and which of its schemas is meant.
    ///
    /// ``url`` is whatever libpq takes (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING), with
    /// all that comes with it: `sslmode` and certificates, `~/.pgpass`, service files, `PG…` variables. It may hold a
    /// password and is never shown; ``name`` is.
    public struct PostgresAddress: Sendable, Hashable {
        public var url: String
        /// What may be shown.
        public var name: String
        /// The schema that unqualified names mean; `nil` for what the role and database say (`public`, as a rule).
        public var schema: String?
        /// Where names are looked for that ``schema`` does not have, in this order.
        public var furtherSchemas: [String] = []
        /// What the server shows of who is connected.
        public var application: String
        /// How long the server may take to let one in.
        public var connectTimeout: Duration = .seconds(5)
        /// How long a statement may take. A server that answers nothing at all is given up 10 seconds later.
        public var statementTimeout: Duration = .seconds(60)
        /// As whom to come in, in place of whom ``url`` names.
        public var login: Login?

        /// A role, and what it comes in with. Of the URL, user and password are not used then.
        public struct Login: Sendable, Hashable {
            public var role: String
            /// `nil` where there is another way in: `~/.pgpass`, `peer`.
            public var password: String?

            public init(role: String, password: String? = nil) {
                self.role = role
                self.password = password
            }
        }

        public init(url: String, name: String, schema: String? = nil, application: String = "flotilla") {
            self.url = url
            self.name = name
            self.schema = schema
            self.application = application
        }

        /// A name as SQL takes it, whatever it holds.
        public static func quoted(_ name: String) -> String {
            "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
    }
#endif
