#if Postgres
    import CLibPQ
    public import FleetCore

    /// Turns what PostgreSQL says into ``FleetError``, naming the store and the cure.
    /// Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
    struct PostgresFailure: Sendable {
        let name: String
        fileprivate static let refusedPassword = "the server refuses the password"

        /// - Parameter wasCancelled: whether nobody waits for the work any more, and the server was told so.
        func error(
            sqlState: String, _ message: String, detail: String? = nil, sql: String? = nil, wasCancelled: Bool = false
        ) -> FleetError {
            func failure(
                _ code: FleetError.Code, _ text: String, remedy: String? = nil, isRetriable: Bool = false
            ) -> FleetError {
                FleetError(
                    code, "\(name): \(text)", remedy: remedy, isRetriable: isRetriable,
                    underlying: text == message ? detail : [message, detail].compactMap(\.self).joined(separator: "; "))
            }
            switch sqlState {
            case "40001", "40P01":
                return failure(.conflictingTransactions, "another transaction was in the way", isRetriable: true)
            case "55006":
                return failure(
                    .busy, "what is to be used is in use already", remedy: "end whoever uses it", isRetriable: true)
            case "55P03":
                return failure(
                    .busy, "another transaction holds a lock", remedy: "end the transaction that holds it",
                    isRetriable: true)
            case "57014" where wasCancelled:
                return failure(.cancelled, "a statement was cancelled")
            case "57014":
                // Its time is over, or somebody cancelled it at the server: only the message tells which, in any language.
                return failure(
                    .unavailable, "a statement took too long, or was cancelled at the server",
                    remedy: "see what the server is busy with", isRetriable: true)
            case "25006":
                return failure(.readOnly, "a read transaction cannot write", remedy: "write in a write transaction")
            case "53100":
                return failure(
                    .full, "the server's disk is full", remedy: "free some space; nothing is lost meanwhile",
                    isRetriable: true)
            case "53300":
                return failure(
                    .unavailable, "the server has no connection left", remedy: "raise max_connections",
                    isRetriable: true)
            case "28P01":
                return failure(
                    .denied, Self.refusedPassword,
                    remedy: "check the password in the URL, in ~/.pgpass or in PGPASSWORD")
            case "28000":
                return failure(
                    .denied, "the server refuses this user", remedy: "check pg_hba.conf, and the user's rights")
            case "3D000":
                return failure(.missing, "there is no such database", remedy: "create it: createdb NAME")
            case "3F000":
                return failure(.missing, "there is no such schema", remedy: "run `flotilla apply`")
            case "42501":
                return failure(.denied, message, remedy: "grant the role what it lacks")
            case "26000":
                return failure(
                    .unavailable, "a prepared statement is gone",
                    remedy: "connect to the server itself, or to a pooler that keeps sessions", isRetriable: true)
            case "0A000" where message.contains("cached plan"):
                return failure(.unavailable, "a prepared statement is no longer valid", isRetriable: true)
            case "08P01":
                return failure(.statement, message)
            case "XX001", "XX002":
                return failure(.corrupt, "the database is damaged", remedy: "restore it from a backup")
            default:
                break
            }
            switch sqlState.prefix(2) {
            case "08", "53", "57", "58", "":
                return failure(.unavailable, message, isRetriable: true)
            default:
                return FleetError(
                    .statement, "\(name): \(message)",
                    underlying: [detail, sql.map { "in: \(Self.shortened($0))" }].compactMap(\.self)
                        .joined(separator: "; ").nonEmpty)
            }
        }

        func error(_ result: OpaquePointer, sql: String?, wasCancelled: Bool) -> FleetError {
            func field(_ code: Character) -> String? {
                PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
            }
            let message = field("M") ?? String(cString: PQresultErrorMessage(result)).trimmed
            let sqlState = field("C")
            return error(
                sqlState: sqlState ?? "", message, detail: field("D"), sql: sql, wasCancelled: wasCancelled
            ).told(as: sqlState)
        }

        /// What the connection itself says is wrong.
        func connectionError(_ handle: OpaquePointer, _ what: String) -> FleetError {
            let message = String(cString: PQerrorMessage(handle)).trimmed
            if let option = PostgresURL.invalidOption(in: message) {
                return FleetError(
                    .invalidInput,
                    "\(name): the value of \(option.isEmpty ? "a connection option" : "connection option \(option)") is not valid",
                    remedy:
                        "look at the parameters of the URL, the service file and the PG… variables, and percent-encode"
                        + " special characters in user and password")
            }
            // libpq tells no SQLSTATE of a connection that did not come about, but quotes the server's sentence.
            for (sentence, state) in [
                ("password authentication failed", "28P01"), ("no password supplied", "28P01"),
                ("no pg_hba.conf entry", "28000"), ("is not permitted to log in", "28000"),
                ("permission denied for database", "42501"), ("too many connections", "53300"),
                ("remaining connection slots are reserved", "53300"),
            ] where message.contains(sentence) {
                return error(sqlState: state, message)
            }
            if message.contains("does not exist") {
                return message.contains("role ") ? error(sqlState: "28000", message) : error(sqlState: "3D000", message)
            }
            if message.contains("certificate") || message.contains("SSL") || message.contains("root.crt") {
                return FleetError(
                    .denied, "\(name): no safe connection came about",
                    remedy: "check sslmode, sslrootcert, sslcert and sslkey",
                    underlying: message)
            }
            return FleetError(
                .unavailable, "\(name): \(what)", remedy: "see that the server runs and can be reached from here",
                isRetriable: true, underlying: message.isEmpty ? nil : message)
        }

        private static func shortened(_ sql: String) -> String {
            let line = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return line.count > 160 ? line.prefix(160) + "…" : line
        }
    }

    extension FleetError {
        /// Whether a server of PostgreSQL has let nobody in as the password is another one, or none was given.
        public var isRefusedPassword: Bool {
            code == .denied && message.hasSuffix(PostgresFailure.refusedPassword)
        }
    }

    extension String {
        /// Without white space at its end, and on one line.
        fileprivate var trimmed: String {
            split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: "; ")
        }

        fileprivate var nonEmpty: String? { isEmpty ? nil : self }
    }
#endif
