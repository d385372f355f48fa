#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What is committed comes, in the order of the commits of each key; nothing else comes.
    @Suite(.serialized) struct CaptureOrderTests {
        /// A transaction that writes first and commits last is not skipped, and comes when it has committed.
        @Test(arguments: CaptureMode.allCases)
        func whoCommitsLastComesLast(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                let (slow, quick) = (try fixture.session(), try fixture.session())
                try slow.script("BEGIN; " + fixture.event(1))
                try quick.script("BEGIN; " + fixture.event(2, key: "b") + fixture.event(3) + "COMMIT")
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [2, 3])
                try slow.script(fixture.event(4))
                // A floor that rose above what is open would lose it.
                for number in 5...8 {
                    try quick.script(fixture.event(number, key: "c"))
                    try await carrier.drain(outbox)
                }
                try slow.script("COMMIT")
                // What comes later does not overtake it.
                try quick.script(fixture.event(9))
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [2, 3, 5, 6, 7, 8, 1, 4, 9])
                slow.close()
                quick.close()
            }
        }

        /// The log has the order of commits even where nobody looked in between.
        @Test(arguments: [CaptureMode.log, .message])
        func theLogHasTheOrderOfCommits(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                let (slow, quick) = (try fixture.session(), try fixture.session())
                try slow.script("BEGIN; " + fixture.event(1))
                try quick.script("BEGIN; " + fixture.event(2) + "COMMIT")
                try slow.script(fixture.event(3) + "COMMIT")
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [2, 1, 3])
                slow.close()
                quick.close()
            }
        }

        @Test(arguments: CaptureMode.allCases)
        func whatWasRolledBackDoesNotCome(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try fixture.database.psql(
                """
                BEGIN; \(fixture.event(1))
                SAVEPOINT a; \(fixture.event(2)) ROLLBACK TO a; \(fixture.event(3))
                SAVEPOINT b; \(fixture.event(4)) SAVEPOINT c; \(fixture.event(5)) RELEASE c; ROLLBACK TO b;
                SAVEPOINT d; \(fixture.event(6)) RELEASE d; COMMIT;
                BEGIN; \(fixture.events(7...9)) ROLLBACK;
                """)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [1, 3, 6])
            }
            // One may as well look: nothing is captured twice.
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                try await carrier.drain(outbox)
                #expect(carrier.numbers.isEmpty)
            }
        }

        /// A prepared transaction comes when it is committed. (A transaction that notifies, as a polled outbox has it do,
        /// cannot be prepared.)
        @Test(arguments: [CaptureMode.log, .message])
        func preparedTransactionComesWhenItIsCommitted(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                try fixture.database.psql(
                    """
                    BEGIN; \(fixture.event(1)) PREPARE TRANSACTION '\(fixture.slot)-1'; ROLLBACK PREPARED '\(fixture.slot)-1';
                    BEGIN; \(fixture.event(2)) PREPARE TRANSACTION '\(fixture.slot)-2'; \(fixture.event(3))
                    """)
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [3])
                try fixture.database.psql("COMMIT PREPARED '\(fixture.slot)-2'")
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [3, 2])
            }
        }

        /// Its log is every reader's work: large transactions have a server of their own.
        private static let roomy = Task { try await PrivatePostgres() }

        @Test(arguments: CaptureMode.allCases)
        func transactionsOfAllSizesCome(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, server: try await Self.roomy.value)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                var last = 0
                for size in [1, 2, 4_095, 4_096, 4_097, mode == .message ? 20_000 : 100_000, 1] {
                    try fixture.database.psql(fixture.events(last + 1...last + size))
                    last += size
                    if size < 4_096 { try await carrier.step(outbox) }
                }
                try await carrier.drain(outbox)
                #expect(carrier.numbers.count == last)
                #expect(carrier.numbers == Array(1...last))
                #expect(carrier.events.last?.text.filter { $0 != " " } == #"{"n":\#(last)}"#)
            }
            if mode != .message { #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0") }
        }

        /// The service's own way to keep its table small.
        @Test func rowsThatAreDeletedInTheirTransactionCome() async throws {
            let fixture = try await CaptureFixture(.log)
            try fixture.database.psql(
                """
                BEGIN; \(fixture.events(1...3)) DELETE FROM outbox; \(fixture.event(4)) UPDATE outbox SET type = 'Other';
                DELETE FROM outbox; COMMIT; \(fixture.event(5)) TRUNCATE outbox;
                """)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [1, 2, 3, 4, 5])
                #expect(Set(carrier.events.map(\.type)) == ["OrderPlaced"])
            }
        }

        /// Whoever comes next goes on where the last has settled, also within a transaction.
        @Test(arguments: CaptureMode.allCases)
        func whatIsSettledIsNotCapturedAgain(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try fixture.database.psql(
                """
                BEGIN; \(fixture.events(1...700)) SELECT pg_logical_emit_message(true, 'others', 'no event');
                \(fixture.events(701...1000)) COMMIT; \(fixture.event(1001))
                """)
            let limit = BatchLimit(events: 100, bytes: .mebibytes(1))
            var all: [Int] = []
            while all.count < 1001 {
                var carrier = Carrier()
                let before = all.count
                try await fixture.withOutbox(limit: limit) { outbox in
                    for _ in 0..<2 where before + carrier.numbers.count < 1001 {
                        try await carrier.step(outbox, limit: limit, patience: .seconds(180))
                    }
                    // Captured and not settled.
                    _ = try await outbox.capture(after: .start, limit: limit, patience: .milliseconds(100))
                }
                all += carrier.numbers
                try #require(all.count > before)
            }
            #expect(all == Array(1...1001))
        }

        /// Without a good end, what was settled last may come again; but there is no gap.
        @Test(arguments: CaptureMode.allCases)
        func thereIsNoGapAfterABadEnd(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try fixture.database.psql("BEGIN; \(fixture.events(1...1000)) COMMIT; \(fixture.event(1001))")
            let limit = BatchLimit(events: 100, bytes: .mebibytes(1))
            var all: [Int] = []
            for steps in 1...4 {
                var carrier = Carrier()
                let outbox = try await fixture.reopen(limit: limit)
                for _ in 0..<steps { try await carrier.step(outbox, limit: limit, patience: .seconds(180)) }
                try fixture.terminate()
                await outbox.close()
                #expect(carrier.numbers.first ?? 1 <= (all.max() ?? 0) + 1)
                let numbers = carrier.numbers
                #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 + 1 == $1 })
                all += numbers
            }
            var carrier = Carrier()
            try await fixture.withOutbox(limit: limit) { try await carrier.drain($0, limit: limit) }
            #expect(carrier.numbers.first ?? 1 <= (all.max() ?? 0) + 1)
            #expect(carrier.numbers.last == 1001)
            #expect(Set(all + carrier.numbers) == Set(1...1001))
        }

        /// A transaction that is open while others are settled is pending once it has committed.
        @Test(arguments: CaptureMode.allCases)
        func whatCommitsLateIsPending(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            let slow = try fixture.session()
            try slow.script("BEGIN; " + fixture.events(1...3))
            try fixture.database.psql(fixture.event(4, key: "b"))
            #expect(try await fixture.pending().count == 1)
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [4])
            }
            let settled = try await fixture.pending()
            #expect(settled.count == 0, "\(settled)")
            try slow.script("COMMIT")
            slow.close()
            let late = try await fixture.pending()
            #expect(late.count == 3, "\(late)")
        }
    }
#endif
