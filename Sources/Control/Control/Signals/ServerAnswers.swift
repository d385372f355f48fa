import Signals

#if Postgres
    import PostgresStore
#endif

/// What a server of stores has told, for all stores there that are looked at.
struct ServerAnswers: Sendable {
    #if Postgres
        let postgres: PostgresAnswers
    #endif

    /// - Parameters:
    ///   - stores: how many stores there are at most.
    ///   - pace: when the server may be asked anew.
    init(stores: Int, pace: ServerPace) {
        #if Postgres
            postgres = PostgresAnswers(stores: stores, pace: pace)
        #endif
    }
}
