#if Postgres
    import CLibPQ
    import FleetCore

    /// What the server finds wrong with a text, and where.
    public struct PostgresFault: Sendable, Hashable {
        /// https://www.postgresql.org/docs/current/errcodes-appendix.html
        public var sqlState: String
        public var message: String
        public var detail: String?
        public var hint: String?
        /// In UTF-8; `nil` where the server does not tell.
        public var byteOffset: Int?
        /// The server's own function that found it: the same in every language, unlike the message.
        public var function: String?
    }

    extension PostgresSession {
        /// Prepares one statement, and plans it where it can be planned, without running it.
        /// - Throws: what is not the text's fault.
        public func fault(in sql: String) throws -> PostgresFault? {
            try drain()
            guard !sql.utf8.contains(0) else { return Self.holdsNUL(sql) }
            let label = "flotilla_checked"
            guard PQsendPrepare(handle, label, sql, 0, nil) == 1 else { throw connectionLost }
            if let fault = try readFault(of: sql) { return fault }
            guard PQsendDescribePrepared(handle, label) == 1 else { throw connectionLost }
            var time = WaitingTime(answerTimeout)
            let described = try results(by: &time, sql: sql)
            let nulls = (0..<(described.map { PQnparams($0.handle) } ?? 0)).map { _ in "NULL" }.joined(separator: ", ")
            let explanation = "EXPLAIN EXECUTE \(label)\(nulls.isEmpty ? "" : "(\(nulls))")"
            guard PQsendQuery(handle, explanation) == 1 else { throw connectionLost }
            let fault = try readFault(of: sql)
            if fault == nil { try query("DEALLOCATE \(label)") }
            // A conflict target that no index has is found by the planner; most else that it finds is about null.
            return fault.flatMap { ["42P10", "42501"].contains($0.sqlState) ? $0 : nil }
        }

        /// Runs a script up to the first statement that fails. Within a transaction, which it cannot end.
        /// - Throws: what is not the script's fault.
        public func fault(inScript sql: String) throws -> PostgresFault? {
            try drain()
            guard !sql.utf8.contains(0) else { return Self.holdsNUL(sql) }
            // PL/pgSQL runs no COMMIT that it is handed as a text.
            let block = "BEGIN EXECUTE \(Self.literal(sql)); END"
            let command = "DO LANGUAGE plpgsql \(Self.literal(block))"
            guard PQsendQuery(handle, command) == 1 else { throw connectionLost }
            // The script's text begins behind three quotes, and its own quotes are written four times.
            let prefix = "DO LANGUAGE plpgsql 'BEGIN EXECUTE ''".count
            return try readFault(of: sql) { position in
                var rest = position - 1 - prefix
                return sql.unicodeScalars.prefix { scalar in
                    rest -= scalar == "'" ? 4 : 1
                    return rest >= 0
                }.reduce(0) { $0 + UTF8.width($1) }
            }
        }

        private static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

        private static func holdsNUL(_ sql: String) -> PostgresFault {
            PostgresFault(
                sqlState: "22021", message: "the text has a zero byte",
                byteOffset: sql.utf8.prefix { $0 != 0 }.count)
        }

        /// - Parameter place: where in the text a place in what was sent is; both are the same where there is none.
        private func readFault(of sql: String, place: ((Int) -> Int)? = nil) throws -> PostgresFault? {
            var time = WaitingTime(answerTimeout)
            try flush(by: &time)
            var fault: PostgresFault?
            var other: FleetError?
            while let result = try nextResult(by: &time) {
                guard PQresultStatus(result.handle) == PGRES_FATAL_ERROR, fault == nil, other == nil else { continue }
                let found = error(of: result, sql: sql)
                if [.statement, .missing, .denied].contains(found.code) {
                    fault = PostgresFault(result.handle, sql: sql, place: place)
                } else {
                    other = found
                }
            }
            if let other { throw other }
            if PQstatus(handle) != CONNECTION_OK { throw connectionLost }
            return fault
        }
    }

    extension PostgresFault {
        fileprivate init(_ result: OpaquePointer, sql: String, place: ((Int) -> Int)?) {
            func field(_ code: Character) -> String? {
                PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
            }
            self.init(
                sqlState: field("C") ?? "", message: field("M") ?? "", detail: field("D"), hint: field("H"),
                function: field("R"))
            if let query = field("q"), let position = field("p").flatMap({ Int($0) }) {
                // A place in a text within the text: all of a script that was handed on, or the body of a function.
                let start = sql == query ? sql.startIndex : sql.firstRange(of: query)?.lowerBound
                byteOffset = start.map { sql[..<$0].utf8.count + Self.byteOffset(of: position, in: query) }
                // A place in a function's body within a script is counted from the beginning of what was sent.
                if let sent = place?(position), let inner = byteOffset, !names(inner, in: sql), names(sent, in: sql) {
                    byteOffset = sent
                }
            } else if let position = field("P").flatMap({ Int($0) }) {
                byteOffset = place?(position) ?? Self.byteOffset(of: position, in: sql)
            }
        }

        /// Whether what the message quotes stands at a place.
        private func names(_ byteOffset: Int, in sql: String) -> Bool {
            guard let name = message.firstMatch(of: /"([^"]+)"/)?.1 else { return false }
            return sql.utf8.dropFirst(byteOffset).starts(with: name.utf8)
        }

        /// The server counts characters from 1.
        private static func byteOffset(of position: Int, in text: String) -> Int {
            text.unicodeScalars.prefix(max(0, position - 1)).reduce(0) { $0 + UTF8.width($1) }
        }
    }
#endif
