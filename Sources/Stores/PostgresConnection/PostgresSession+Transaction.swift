#if Postgres
    import CLibPQ
    import FleetCore
    public import Stores

    extension PostgresSession: StoreTransaction {
        public func prepare(_ sql: String) throws -> any StoreStatement { try statement(sql) }

        public func script(_ sql: String) throws { try query(sql) }

        public func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
            try drain()
            savepoints += 1
            let label = "flotilla_\(savepoints)"
            defer { savepoints -= 1 }
            try query("SAVEPOINT \(label)")
            do {
                let result = try body()
                try drain()
                try query("RELEASE \(label)")
                return result
            } catch {
                guard PQstatus(handle) == CONNECTION_OK, !work.isMarked else { throw error }
                switch PQtransactionStatus(handle) {
                case PQTRANS_INTRANS, PQTRANS_INERROR:
                    // What was submitted and failed is part of what is undone.
                    _ = try? drain()
                    try query("ROLLBACK TO \(label); RELEASE \(label)")
                    throw error
                default:
                    throw endedTransaction(by: error)
                }
            }
        }

        public func checkDeferredConstraints() throws {
            // Undoing the savepoint defers them again, and what their triggers did.
            try query(
                """
                SAVEPOINT flotilla_check; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO flotilla_check; RELEASE flotilla_check
                """)
        }

        /// Whoever goes on after errors of statements must not go on after a statement that ended the transaction.
        private func endedTransaction(by error: any Error) -> any Error {
            guard let error = error as? FleetError, error.code == .statement || error.code == .badEvent else {
                return error
            }
            return FleetError(
                .invalidInput, "\(name): a statement ended the transaction (\(error.message))",
                remedy: "leave COMMIT and ROLLBACK out of statements", underlying: error.underlying)
        }
    }
#endif
