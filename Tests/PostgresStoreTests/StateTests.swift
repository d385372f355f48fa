#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct StateTests {
        private let fleet = FleetName(unchecked: "northwind")
        /// Longer than any of these tests waits.
        private let long = Duration.seconds(600)

        private func state(of database: String, fleet: FleetName? = nil) async throws -> PostgresState {
            let server = try await PrivatePostgres.shared()
            return PostgresState(
                PostgresAddress(url: server.url(database), name: "postgres/\(database)"), fleet: fleet ?? self.fleet)
        }

        private func appliedDatabase() async throws -> (database: String, first: PostgresState, second: PostgresState) {
            let database = try await PrivatePostgres.shared().makeDatabase()
            let (first, second) = (try await state(of: database), try await state(of: database))
            _ = try await first.apply()
            return (database, first, second)
        }

        @Test func isMadeOnce() async throws {
            let database = try await PrivatePostgres.shared().makeDatabase()
            let state = try await state(of: database)
            #expect(try await state.plan().steps.count == 1)
            #expect(try await state.apply().steps.count == 1)
            #expect(try await state.plan().steps.isEmpty)
            #expect(try await state.apply().steps.isEmpty)
            #expect(try await state.holder() == nil)
            #expect(try await state.record() == nil)
            await state.close()
        }

        @Test func onlyOneHasTheLease() async throws {
            let (_, first, second) = try await appliedDatabase()
            let lease = try await first.takeLease(as: LeaseHolder(name: "the first"), for: long)
            let error = try await checkThrows(.busy) {
                try await second.takeLease(as: LeaseHolder(name: "the second"), for: long)
            }
            #expect(error.isRetriable && error.description.contains("the first"))
            #expect(try await second.holder() == "the first")
            try await first.renew(lease, for: long)
            try await first.release(lease)
            #expect(try await second.holder() == nil)
            // Who lets go leaves nothing behind.
            let next = try await second.takeLease(as: LeaseHolder(name: "the second"), for: long)
            #expect(next.epoch > lease.epoch && next.predecessor == nil)
            #expect(try await first.holder() == "the second")
            await first.close()
            await second.close()
        }

        @Test func fleetsShareAStateAndNoLease() async throws {
            let (database, first, second) = try await appliedDatabase()
            let other = try await state(of: database, fleet: FleetName(unchecked: "other"))
            _ = try await first.takeLease(as: LeaseHolder(name: "one"), for: long)
            _ = try await other.takeLease(as: LeaseHolder(name: "another"), for: long)
            #expect(try await first.holder() == "one")
            #expect(try await other.holder() == "another")
            await first.close()
            await second.close()
            await other.close()
        }

        @Test func aLeaseThatIsNotRenewedEnds() async throws {
            let (_, first, second) = try await appliedDatabase()
            let lease = try await first.takeLease(
                as: LeaseHolder(name: "the first", process: "1 2 3"), for: .milliseconds(1))
            var next: Lease?
            try await eventually("the lease's end") {
                next = try? await second.takeLease(as: LeaseHolder(name: "the second"), for: long)
                return next != nil
            }
            #expect(next?.predecessor == "1 2 3")
            try await checkThrows(.fenced) { try await first.renew(lease, for: long) }
            try await checkThrows(.fenced) { try await first.save("{}", under: lease) }
            // It is not the second's that is let go.
            try await first.release(lease)
            #expect(try await first.holder() == "the second")
            await first.close()
            await second.close()
        }

        @Test func aLeaseEndsWithItsHoldersSession() async throws {
            let (_, first, second) = try await appliedDatabase()
            let lease = try await first.takeLease(as: LeaseHolder(name: "the first"), for: long)
            await first.close()
            try await eventually("the session's end") { try await second.holder() == nil }
            #expect(try await second.takeLease(as: LeaseHolder(name: "the second"), for: long).epoch > lease.epoch)
            await second.close()
        }

        @Test func aHolderWhoseConnectionIsCutHoldsOnIfNobodyTookIt() async throws {
            let (database, first, second) = try await appliedDatabase()
            let lease = try await first.takeLease(as: LeaseHolder(name: "the first"), for: long)
            let server = try await PrivatePostgres.shared()
            try server.psql(
                database,
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)
            try await eventually("a new connection") { (try? await first.renew(lease, for: long)) != nil }
            try await checkThrows(.busy) { try await second.takeLease(as: LeaseHolder(name: "the second"), for: long) }
            await first.close()
            await second.close()
        }

        @Test func manyThatTryAtOnceAreOne() async throws {
            let (database, first, second) = try await appliedDatabase()
            // The session of the one that takes it must not end before all have tried.
            var states: [PostgresState] = []
            for _ in 0..<12 { states.append(try await state(of: database)) }
            let taken = await withTaskGroup(of: Bool.self) { group in
                for (number, state) in states.enumerated() {
                    group.addTask {
                        (try? await state.takeLease(as: LeaseHolder(name: "number \(number)"), for: self.long)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            for state in states { await state.close() }
            #expect(taken == 1)
            await first.close()
            await second.close()
        }

        /// Streams remember the epoch of whoever appended last.
        @Test func aStateThatWasLostAndMadeAnewGoesOnWithHigherEpochs() async throws {
            let (database, first, second) = try await appliedDatabase()
            var last: Int64 = 0
            for _ in 0..<3 {
                let lease = try await first.takeLease(as: LeaseHolder(name: "the first"), for: long)
                #expect(lease.epoch > last)
                last = lease.epoch
                try await first.release(lease)
            }
            try await PrivatePostgres.shared().psql(database, "DROP SCHEMA flotilla CASCADE")
            await first.close()
            _ = try await second.apply()
            #expect(try await second.takeLease(as: LeaseHolder(name: "the second"), for: long).epoch > last)
            await second.close()
        }

        @Test func whatOperatorsTellIsKept() async throws {
            let (database, first, second) = try await appliedDatabase()
            let other = try await state(of: database, fleet: FleetName(unchecked: "other"))
            #expect(try await first.flow().isEmpty)
            let now = Timestamp(microseconds: 1_800_000_000_000_000)
            #expect(try await first.pause("orders", reason: "a reason", at: now))
            #expect(try await !second.pause("orders", reason: "another", at: now.advanced(by: .seconds(9))))
            #expect(try await second.pause("billing.bills", reason: nil, at: now))
            try await second.restart("orders")
            try await second.restart("stock.left")
            #expect(
                try await first.flow() == [
                    FlowEntry(subject: "billing.bills", pausedSince: now),
                    FlowEntry(subject: "orders", pausedSince: now, reason: "a reason", restarts: 1),
                    FlowEntry(subject: "stock.left", restarts: 1),
                ])
            #expect(try await other.flow().isEmpty)
            #expect(try await !other.resume("orders"))
            #expect(try await first.resume("orders"))
            #expect(try await !first.resume("orders"))
            #expect(try await !first.resume("nobody"))
            #expect(try await second.flow()[1] == FlowEntry(subject: "orders", restarts: 1))
            #expect(try await second.pause("orders", reason: "again", at: now))
            for state in [first, second, other] { await state.close() }
        }

        @Test func aStateOfAnOlderVersionIsBroughtToThisOne() async throws {
            let (database, first, second) = try await appliedDatabase()
            _ = try await first.takeLease(as: LeaseHolder(name: "the first"), for: long)
            try await PrivatePostgres.shared().psql(
                database, "DROP TABLE flotilla.flotilla_flow; UPDATE flotilla.flotilla_state SET version = 1")
            let error = try await checkThrows(.notApplied) { try await first.flow() }
            #expect(error.description.contains("flotilla apply"))
            #expect(
                try await first.plan().steps.map(\.description) == [
                    "bring the fleet's state in schema flotilla to this version"
                ])
            #expect(try await first.apply().steps.count == 1)
            #expect(try await first.plan().steps.isEmpty)
            #expect(try await first.flow().isEmpty)
            #expect(try await second.holder() == "the first")
            try await PrivatePostgres.shared().psql(database, "UPDATE flotilla.flotilla_state SET version = 99")
            try await checkThrows(.invalidInput) { try await second.plan() }
            await first.close()
            await second.close()
        }

        @Test func whatAHolderSaysIsKept() async throws {
            let (_, first, second) = try await appliedDatabase()
            let lease = try await first.takeLease(as: LeaseHolder(name: "the first"), for: long)
            try await first.save("{\"a\": 1}", under: lease)
            #expect(try await second.record() == "{\"a\": 1}")
            await first.close()
            await second.close()
        }
    }
#endif
