#if Postgres
    import CLibPQ
    // Dispatch says nothing about the sendability of its queues; a queue may be used from any thread.
    @preconcurrency import Dispatch
    import FleetCore
    import Stores
    import Synchronization

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #endif

    /// A connection to PostgreSQL at work, through libpq.
    ///
    /// No call blocks beyond its deadline: the socket is never waited for without one, and a task that is cancelled is
    /// noticed within a twentieth of a second.
    ///
    /// `@unchecked Sendable`: it is used only within the closures of its ``PostgresConnection``, which run one at a time
    /// on that connection's queue.
    public final class PostgresSession: @unchecked Sendable {
        public let handle: OpaquePointer
        public let name: String
        let failure: PostgresFailure
        /// Tells that whoever waits for the work at hand does so no longer.
        var work: CancellationMark
        private var kept: [String: PostgresStatement] = [:]
        private var statementCount = 0
        /// Prepared statements of the server that nobody needs any more.
        let unneeded = UnneededStatements()
        /// Statements sent, and their results not read yet.
        private var pipelined: [PostgresStatement] = []
        private var pipelinedChanges: [Int] = []
        var savepoints = 0

        /// More than this many different texts, and all are prepared anew.
        private static let keptLimit = 256
        /// As many statements are sent before the results of the first are read.
        private static let pipelineLimit = 512
        /// How long the answer to a commit is waited for once nobody needs it any more.
        private static let lastPatience = Duration.seconds(1)
        /// How often a wait looks whether it is still wanted.
        private static let slice = Duration.milliseconds(50)
        /// How long the server may take to answer.
        let answerTimeout: Duration

        /// Connects, and sets what the session depends on.
        /// - Parameter replication: whether the connection speaks the streaming replication protocol.
        /// - Throws: `unavailable`, `denied`, `missing`, `invalidInput`, naming the store and never its password.
        public init(_ address: PostgresAddress, replication: Bool = false, cancellation: CancellationMark) throws {
            name = address.name
            failure = PostgresFailure(name: address.name)
            work = cancellation
            // The server stops a statement itself; where it does not answer at all, nobody waits much longer.
            answerTimeout = address.statementTimeout + .seconds(10)
            try PostgresURL.check(address.url, name: address.name)
            // What stands before `dbname` is a default that the URL may replace; what comes after it is ours.
            var settings = [
                ("keepalives_idle", "10"), ("keepalives_interval", "3"),
                ("keepalives_count", "3"), ("tcp_user_timeout", "15000"),
                ("fallback_application_name", address.application),
            ]
            settings += PostgresURL.settings(of: address)
            settings.append(("client_encoding", "UTF8"))
            if replication { settings.append(("replication", "database")) }
            let handle = Self.withPointers(settings.map(\.0)) { keywords in
                Self.withPointers(settings.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
            }
            guard let handle else {
                throw FleetError(.unavailable, "\(address.name): no memory is left", isRetriable: true)
            }
            self.handle = handle
            do {
                try finishConnecting(within: askedTimeout ?? address.connectTimeout)
                guard PQserverVersion(handle) >= 130_000 else {
                    let version = PQserverVersion(handle)
                    throw FleetError(
                        .invalidInput, "\(name): the server is PostgreSQL \(version / 10_000).\(version % 10_000)",
                        remedy: "use PostgreSQL 13 or later")
                }
                PQsetnonblocking(handle, 1)
                PQsetNoticeProcessor(handle, { _, _ in }, nil)
                try configure(address)
            } catch {
                PQfinish(handle)
                isFinished = true
                throw error
            }
        }

        private var isFinished = false

        deinit {
            if !isFinished { PQfinish(handle) }
        }

        /// Ends the connection. Only ``isUsable`` may be asked after this.
        func finish() {
            kept.removeAll()
            pipelined.removeAll()
            if !isFinished { PQfinish(handle) }
            isFinished = true
        }

        /// Whether ``finish()`` was not called.
        var isOpen: Bool { !isFinished }

        /// Whether the connection stands, outside any transaction.
        var isUsable: Bool {
            !isFinished && PQstatus(handle) == CONNECTION_OK && PQtransactionStatus(handle) == PQTRANS_IDLE
        }

        var isInTransaction: Bool { PQtransactionStatus(handle) == PQTRANS_INTRANS }
        /// As `server_version_num` tells: 150018 is 15.18.
        public var serverVersion: Int { Int(PQserverVersion(handle)) }

        /// Which of the server's addresses this is, for people: two databases of one server have the same.
        public var server: String {
            let host = PQhost(handle).map { String(cString: $0) } ?? ""
            return "\(host.isEmpty ? "the server" : host):\(PQport(handle).map { String(cString: $0) } ?? "")"
        }

        /// What a server keeps of a role's password, made here so that the password itself is sent and logged nowhere.
        /// - Throws: `invalidInput` where libpq cannot make it.
        public func passwordVerifier(of password: String, role: String) throws -> String {
            guard let verifier = PQencryptPasswordConn(handle, password, role, "scram-sha-256") else {
                throw FleetError(
                    .invalidInput, "\(name): of the password of \(role) nothing can be made that a server keeps",
                    remedy: "make another one: openssl rand -base64 24")
            }
            defer { PQfreemem(verifier) }
            return String(cString: verifier)
        }

        // MARK: Connecting

        private static func withPointers<Result>(
            _ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
        ) -> Result {
            let copies = texts.map { strdup($0) }
            defer { for copy in copies { free(copy) } }
            return body(copies.map { UnsafePointer($0) } + [nil])
        }

        private func finishConnecting(within timeout: Duration) throws {
            var time = WaitingTime(timeout)
            var state = PGRES_POLLING_WRITING
            guard PQstatus(handle) != CONNECTION_BAD else { throw cannotConnect }
            while state != PGRES_POLLING_OK {
                if state == PGRES_POLLING_FAILED { throw cannotConnect }
                guard !time.isOver() else {
                    throw FleetError(
                        .unavailable, "\(name): the server did not answer within \(timeout)",
                        remedy: "see that it runs and can be reached from here", isRetriable: true)
                }
                try work.check(name)
                let events = state == PGRES_POLLING_READING ? Int16(POLLIN) : Int16(POLLOUT)
                if waitForSocket(events, upTo: Self.slice) != nil { state = PQconnectPoll(handle) }
            }
        }

        /// `connect_timeout` of the URL, the service file or the environment: libpq itself heeds it only where it may block.
        private var askedTimeout: Duration? {
            let options = PQconninfo(handle)
            defer { PQconninfoFree(options) }
            var option = options
            while let known = option?.pointee, let keyword = known.keyword {
                if String(cString: keyword) == "connect_timeout", let value = known.val,
                    let seconds = Int(String(cString: value)), seconds > 0
                {
                    return .seconds(min(seconds, 3600))
                }
                option = option?.advanced(by: 1)
            }
            return nil
        }

        private var cannotConnect: FleetError { failure.connectionError(handle, "the server cannot be reached") }

        private func configure(_ address: PostgresAddress) throws {
            var settings = """
                SET standard_conforming_strings = on; SET bytea_output = hex; SET datestyle = ISO; SET timezone = 'UTC';
                SET extra_float_digits = 1; SET statement_timeout = \(address.statementTimeout.wholeMicroseconds / 1000);
                SET lock_timeout = '500ms';
                SET idle_in_transaction_session_timeout = '30s'
                """
            if serverVersion >= 140_000 { settings += "; SET client_connection_check_interval = '2s'" }
            if let schema = address.schema {
                let path = ([schema] + address.furtherSchemas).map { PostgresAddress.quoted($0) }
                settings += "; SET search_path = \(path.joined(separator: ", "))"
            }
            try query(settings)
        }

        // MARK: Waiting

        /// Waits until the socket is ready, for at most `duration`. `nil` where it is not.
        func waitForSocket(_ events: Int16, upTo duration: Duration) -> Int16? {
            var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            guard descriptor.fd >= 0 else { return Int16(POLLERR) }
            let count = poll(&descriptor, 1, Self.milliseconds(duration))
            return count > 0 ? descriptor.revents : nil
        }

        /// Rounded up, for poll(2).
        static func milliseconds(_ duration: Duration) -> Int32 {
            let (seconds, attoseconds) = duration.components
            return Int32(
                max(1, min(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000, 60_000)))
        }

        /// Sends what libpq holds back.
        func flush(by time: inout WaitingTime) throws {
            while true {
                switch PQflush(handle) {
                case 0: return
                case 1:
                    try checkWait(&time)
                    if let ready = waitForSocket(Int16(POLLIN | POLLOUT), upTo: Self.slice), ready & Int16(POLLIN) != 0
                    {
                        guard PQconsumeInput(handle) == 1 else { throw connectionLost }
                    }
                default: throw connectionLost
                }
            }
        }

        /// The next result, or `nil` after the last of a statement.
        func nextResult(by time: inout WaitingTime, mayCancel: Bool = true) throws -> PostgresResult? {
            var isLast = false
            while PQisBusy(handle) == 1 {
                if mayCancel {
                    try work.check(name)
                } else if work.isMarked, !isLast {
                    // A commit hangs where a synchronous standby is gone. Whoever is told to end cannot wait for that: it must
                    // bear not to know, as after a lost connection.
                    time.shorten(to: Self.lastPatience)
                    isLast = true
                }
                try checkWait(&time, mayCancel: mayCancel)
                if waitForSocket(Int16(POLLIN), upTo: Self.slice) != nil {
                    guard PQconsumeInput(handle) == 1 else { throw connectionLost }
                }
            }
            return PQgetResult(handle).map { PostgresResult($0) }
        }

        private func checkWait(_ time: inout WaitingTime, mayCancel: Bool = true) throws {
            if mayCancel { try work.check(name) }
            if time.isOver() {
                throw FleetError(
                    .unavailable, "\(name): the server does not answer", remedy: "see what it is busy with",
                    isRetriable: true)
            }
        }

        /// What the server says went wrong.
        func error(of result: PostgresResult, sql: String?) -> FleetError {
            failure.error(result.handle, sql: sql, wasCancelled: work.isMarked)
        }

        var connectionLost: FleetError { failure.connectionError(handle, "the connection was lost") }

        // MARK: Running

        /// Runs one or more statements without parameters, and returns the last result.
        /// - Parameter mayCancel: whether it ends when the caller's task is cancelled; a commit does not.
        @discardableResult
        public func query(_ sql: String, mayCancel: Bool = true) throws -> PostgresResult? {
            try drain()
            var time = WaitingTime(answerTimeout)
            try checkText(sql)
            guard PQsendQuery(handle, sql) == 1 else { throw connectionLost }
            try flush(by: &time)
            return try results(by: &time, sql: sql, mayCancel: mayCancel)
        }

        /// Reads all results of what was sent; throws the first error.
        func results(by time: inout WaitingTime, sql: String?, mayCancel: Bool = true) throws
            -> PostgresResult?
        {
            var last: PostgresResult?
            var fault: FleetError?
            while let result = try nextResult(by: &time, mayCancel: mayCancel) {
                switch PQresultStatus(result.handle) {
                case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = result
                case PGRES_COPY_BOTH, PGRES_COPY_OUT, PGRES_COPY_IN: return result
                default: fault = fault ?? error(of: result, sql: sql)
                }
            }
            if let fault { throw fault }
            if PQstatus(handle) != CONNECTION_OK { throw connectionLost }
            return last
        }

        private func checkText(_ sql: String) throws {
            if sql.utf8.contains(0) {
                throw FleetError(.statement, "\(name): a statement holds U+0000")
            }
        }

        // MARK: Prepared statements

        public func statement(_ sql: String) throws -> PostgresStatement {
            if let known = kept[sql] { return known }
            try checkText(sql)
            guard SQLEmptiness.holdsStatement(sql) else {
                throw FleetError(.statement, "\(name): there is no statement in \"\(sql.prefix(40))\"")
            }
            try drain()
            if kept.count >= Self.keptLimit { kept.removeAll() }
            try forgetUnneeded()
            statementCount += 1
            let label = "flotilla_\(statementCount)"
            var time = WaitingTime(answerTimeout)
            guard PQsendPrepare(handle, label, sql, 0, nil) == 1 else { throw connectionLost }
            try flush(by: &time)
            _ = try results(by: &time, sql: sql)
            let statement = PostgresStatement(sql, label: label, session: self)
            kept[sql] = statement
            return statement
        }

        private func forgetUnneeded() throws {
            guard !unneeded.labels.isEmpty, PQtransactionStatus(handle) != PQTRANS_INERROR else { return }
            let labels = unneeded.labels
            unneeded.labels = []
            try query(labels.map { "DEALLOCATE \($0)" }.joined(separator: "; "))
        }

        func execute(_ statement: PostgresStatement, _ parameters: [SQLValue]) throws -> PostgresResult {
            try drain()
            var time = WaitingTime(answerTimeout)
            try send(statement, parameters)
            try flush(by: &time)
            guard let result = try results(by: &time, sql: statement.sql) else {
                throw FleetError(.unavailable, "\(name): a statement gave no result", isRetriable: true)
            }
            return result
        }

        func send(_ statement: PostgresStatement, _ parameters: [SQLValue]) throws {
            let values = try PostgresParameters(parameters, name: name)
            let sent = values.withPointers { count, pointers, lengths, formats in
                PQsendQueryPrepared(handle, statement.label, count, pointers, lengths, formats, 0)
            }
            guard sent == 1 else { throw connectionLost }
        }

        // MARK: Pipeline

        /// Sends a statement without waiting for its result.
        /// https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
        func submit(_ statement: PostgresStatement, _ parameters: [SQLValue]) throws {
            if PQpipelineStatus(handle) == PQ_PIPELINE_OFF {
                guard PQenterPipelineMode(handle) == 1 else { throw connectionLost }
            }
            try send(statement, parameters)
            pipelined.append(statement)
            if pipelined.count >= Self.pipelineLimit { try drain() }
        }

        /// Sends a statement once for each set of parameters, many before the first answer is waited for.
        /// - Returns: how many rows each changed.
        func execute(_ statement: PostgresStatement, each parameterSets: [[SQLValue]]) throws -> [Int] {
            try drain()
            var changes: [Int] = []
            changes.reserveCapacity(parameterSets.count)
            for start in stride(from: 0, to: parameterSets.count, by: Self.pipelineLimit - 1) {
                for parameters in parameterSets[start...].prefix(Self.pipelineLimit - 1) {
                    try submit(statement, parameters)
                }
                changes += try drain()
            }
            return changes
        }

        /// Waits for the results of everything that was submitted.
        /// - Returns: how many rows each changed.
        /// - Throws: the first error; what was submitted after it was not done.
        @discardableResult
        func drain() throws -> [Int] {
            guard PQpipelineStatus(handle) != PQ_PIPELINE_OFF else { return [] }
            var time = WaitingTime(answerTimeout)
            guard PQpipelineSync(handle) == 1 else { throw connectionLost }
            try flush(by: &time)
            var changes: [Int] = []
            changes.reserveCapacity(pipelined.count)
            var fault: FleetError?
            let statements = pipelined
            pipelined.removeAll(keepingCapacity: true)
            for statement in statements {
                while let result = try nextResult(by: &time) {
                    switch PQresultStatus(result.handle) {
                    case PGRES_TUPLES_OK, PGRES_COMMAND_OK: changes.append(result.changes)
                    case PGRES_PIPELINE_ABORTED: break
                    default: fault = fault ?? error(of: result, sql: statement.sql)
                    }
                }
                if PQstatus(handle) != CONNECTION_OK { throw connectionLost }
            }
            guard let sync = try nextResult(by: &time), PQresultStatus(sync.handle) == PGRES_PIPELINE_SYNC,
                PQexitPipelineMode(handle) == 1
            else { throw connectionLost }
            if let fault { throw fault }
            return changes
        }

        // MARK: Ending

        /// Commits; the answer is waited for even where the caller's task is cancelled, as it decides.
        func commit() throws {
            guard isInTransaction else {
                throw FleetError(
                    .invalidInput, "\(name): a statement ended the transaction",
                    remedy: "leave COMMIT and ROLLBACK out of statements")
            }
            try query("COMMIT", mayCancel: false)
        }

        /// Rolls back, as far as there is a connection; where that fails, it is dropped, which does the same.
        func rollback() {
            guard !isFinished, PQstatus(handle) == CONNECTION_OK, !work.isMarked else { return }
            _ = try? drain()
            if PQtransactionStatus(handle) != PQTRANS_IDLE { _ = try? query("ROLLBACK", mayCancel: false) }
        }

        /// Asks the server to stop what this connection has it do, without waiting for it.
        /// - Returns: what is signalled when the server has been told, or cannot be.
        @discardableResult
        func requestCancel() -> DispatchSemaphore {
            let told = DispatchSemaphore(value: 0)
            guard let request = PQgetCancel(handle) else {
                told.signal()
                return told
            }
            let address = Int(bitPattern: request)
            DispatchQueue.global(qos: .utility).async {
                defer { told.signal() }
                guard let request = OpaquePointer(bitPattern: address) else { return }
                var message = [CChar](repeating: 0, count: 256)
                _ = PQcancel(request, &message, Int32(message.count))
                PQfreeCancel(request)
            }
            return told
        }

        /// Ends another session, and gives it a moment.
        /// - Throws: `denied` where it is of another role.
        public func end(process: Int64) throws {
            _ = try firstRow("SELECT pg_terminate_backend($1)", [.integer(process)])
            _ = try waitForNotification(upTo: .milliseconds(20))
        }

        // MARK: Notifications

        /// Waits until the server notifies of something that was listened to, or for `duration`.
        public func waitForNotification(upTo duration: Duration) throws -> Bool {
            let deadline = ContinuousClock.now + duration
            while true {
                guard PQconsumeInput(handle) == 1 else { throw connectionLost }
                var isNotified = false
                while let notification = PQnotifies(handle) {
                    isNotified = true
                    PQfreemem(notification)
                }
                let now = ContinuousClock.now
                if isNotified { return true }
                if now >= deadline { return false }
                try work.check(name)
                _ = waitForSocket(Int16(POLLIN), upTo: min(Self.slice, deadline - now))
            }
        }
    }
#endif
