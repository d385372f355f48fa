#if Postgres
    import FleetCore
    public import Signals
    import Stores

    /// What a server and its databases have told, for all stores there that are looked at: it is asked for once, and not
    /// for each of them.
    public final class PostgresAnswers: Sendable {
        struct Answer: Sendable {
            var readings: Readings
            /// For whoever asks next.
            var memory: PostgresLookMemory
        }

        let shared: SharedAnswers<PostgresQuestion, Answer>

        /// Of a store, what is asked of the server and of its database, as the monitoring role and as its own.
        private static let questions = 4

        /// - Parameters:
        ///   - stores: how many stores there are.
        ///   - pace: when it may be asked anew; `nil` where it is at each look.
        public init(stores: Int, pace: (any AskingPace)?) {
            shared = SharedAnswers(limit: stores * Self.questions, pace: pace)
        }
    }

    /// Where a connection has come to, and as whom.
    struct PostgresPlace: Sendable {
        /// When the server was started: another one that answers at the same address was at another moment.
        var run: String
        var database: String
        var role: String

        init(_ transaction: any StoreTransaction) throws {
            let row = try transaction.firstRow(
                "SELECT pg_postmaster_start_time()::text, current_database()::text, current_user::text")
            guard let run = row?[0].text, let database = row?[1].text, let role = row?[2].text else {
                throw FleetError(.bug, "the server does not tell who came where")
            }
            (self.run, self.database, self.role) = (run, database, role)
        }
    }

    /// What is asked, of which server, and as whom: who has other rights sees something else.
    struct PostgresQuestion: Sendable, Hashable {
        var run: String
        /// `nil` for what is so in all databases of the server.
        var database: String?
        var role: String
        var isMonitoring: Bool

        /// By which it is known to who says when it may be asked.
        var name: String {
            let what = database.map { "database \($0) at the server" } ?? "the server"
            return "\(what) of \(run) as \(role)\(isMonitoring ? ", who monitors" : "")"
        }

        /// Asks.
        /// - Parameter known: what was answered last.
        /// - Returns: the answer, and what it is the answer to: the connection may have come to another server.
        func answer(
            in transaction: any StoreTransaction, after known: PostgresAnswers.Answer?
        ) throws -> (key: PostgresQuestion, answer: PostgresAnswers.Answer) {
            let place = try PostgresPlace(transaction)
            var found = self
            found.run = place.run
            if database != nil { found.database = place.database }
            // What was seen of one server is nothing of another.
            let memory = (found == self ? known?.memory : nil) ?? PostgresLookMemory()
            var look = PostgresLook(transaction, memory)
            if database == nil { try look.atServer() } else { try look.atDatabase() }
            return (found, PostgresAnswers.Answer(readings: look.readings, memory: memory))
        }
    }
#endif
