#if Postgres
    import CLibPQ
    import Dispatch
    import FleetCore
    public import Stores

    extension PostgresSession {
        /// What is read to no use before the server is asked to stop.
        private static let unwantedLimit = ByteCount.mebibytes(16)

        /// Lends the rows of a statement one by one, as they come: never are all of them in memory. Not within a transaction:
        /// a statement that is stopped would end it.
        /// https://www.postgresql.org/docs/current/libpq-single-row-mode.html
        /// - Parameter body: takes a result of one row, and returns whether more are wanted.
        public func forEachRow(
            of statement: PostgresStatement, _ parameters: [SQLValue], _ body: (PostgresResult) throws -> Bool
        ) throws {
            try drain()
            var time = WaitingTime(answerTimeout)
            try send(statement, parameters)
            guard PQsetSingleRowMode(handle) == 1 else { throw connectionLost }
            try flush(by: &time)
            var fault: (any Error)?
            var isWanted = true
            var unwanted = 0
            var stop: DispatchSemaphore?
            while let result = try nextResult(by: &time) {
                switch PQresultStatus(result.handle) {
                case PGRES_SINGLE_TUPLE where isWanted:
                    do { isWanted = try body(result) } catch { (fault, isWanted) = (error, false) }
                case PGRES_SINGLE_TUPLE:
                    unwanted += result.size(0)
                    if unwanted > Self.unwantedLimit.value, stop == nil { stop = requestCancel() }
                case PGRES_TUPLES_OK: break
                default:
                    // That it was stopped is no fault.
                    let isStopped = stop != nil && result.sqlState == "57014"
                    if !isStopped { fault = fault ?? error(of: result, sql: statement.sql) }
                }
            }
            // What is still under way might stop the next statement.
            if let stop, stop.wait(timeout: .now() + .seconds(10)) == .timedOut { finish() }
            if let fault { throw fault }
            if !isOpen { throw FleetError(.unavailable, "\(name): the server does not answer", isRetriable: true) }
            if PQstatus(handle) != CONNECTION_OK { throw connectionLost }
        }
    }
#endif
