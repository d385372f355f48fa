#if Postgres
    import FleetCore
    public import PostgresConnection
    public import Stores

    /// Rebuilds one view of a PostgreSQL schema in a scratch schema beside it, and swaps the two.
    ///
    /// In the scratch schema the view's objects stand alone, with Flotilla's own tables; the search path goes on with the
    /// live schema, so that the view's statements find the service's other tables. The swap is one transaction: readers see
    /// the old view until it commits, and the new one after. (A transaction of another isolation level than the default
    /// that began before it may see the new view's tables, and of their rows only those that are older than itself. As
    /// with `TRUNCATE`: https://www.postgresql.org/docs/current/mvcc-caveats.html)
    public struct PostgresRebuild: ViewRebuild {
        private let view: ViewNeeds
        private let address: PostgresAddress
        private let patience: Duration

        /// - Parameter patience: how long the swap tries to lock the old view's tables, again and again, before it says
        ///   that they are busy.
        public init(_ view: ViewNeeds, address: PostgresAddress, patience: Duration = .seconds(30)) {
            self.view = view
            self.address = address
            self.patience = patience
        }

        public func begin() async throws -> any Store {
            let view = view
            let place = try await PostgresConnection.withConnection(to: address) { connection in
                try await connection.transaction(.update) { session in
                    let place = try RebuildPlace(view, session)
                    try place.requireOwnTables(session)
                    return place
                }
            }
            var scratchAddress = address
            scratchAddress.schema = place.scratch
            scratchAddress.furtherSchemas = place.path
            // The lock below is lost with the connection.
            let connection = PostgresConnection(scratchAddress, reconnects: false)
            let watch: WriteWatch
            do {
                try await connection.access { session in
                    try place.lock(session, forTransaction: false)
                    // The swap is what must last.
                    try session.script("SET synchronous_commit = off")
                }
                try await connection.transaction(.update) { try place.remove($0) }
                watch = try await connection.transaction(.update) { try place.fill($0) }
            } catch {
                await connection.close()
                throw error
            }
            return RebuildStore(
                connection, watch: watch, name: "\(address.name) (rebuild of \(view.subscription.name))")
        }

        public func swap() async throws {
            let (view, patience) = (view, patience)
            try await PostgresConnection.withConnection(to: address) { connection in
                try await connection.transaction(.update) { session in
                    let place = try RebuildPlace(view, session)
                    try PostgresSwap(view, place, session).perform(patience: patience)
                }
                // Rows with numbers that nobody has any more cost room and nothing else: here they hold nobody up.
                try? await connection.transaction(.update) { session in
                    try session.script(
                        "DELETE FROM flotilla_inbox WHERE subscription NOT IN (SELECT number FROM flotilla_subscriptions)"
                    )
                }
            }
        }

        public func abandon() async {
            // Also where the task is cancelled: a scratch schema that stays keeps room.
            await Task.detached { [self] in
                try? await PostgresConnection.withConnection(to: address) { connection in
                    for _ in 0..<5 {
                        do {
                            return try await connection.transaction(.update) { session in
                                try RebuildPlace(view, session).remove(session)
                            }
                        } catch let error as FleetError where error.waitingHelps {}
                    }
                }
            }.value
        }
    }
#endif
