#if NATS
    import Testing

    @testable import NATSBroker

    @Suite struct PullLedgerTests {
        private func need(_ pull: PullLedger.Pull?) throws -> PullLedger.Pull { try #require(pull) }

        @Test func moreIsAskedForBeforeAllIsUsedUp() throws {
            var ledger = PullLedger()
            let first = try need(ledger.next(held: 0, heldBytes: 0))
            #expect(first.count == PullLedger.window)
            #expect(ledger.next(held: 0, heldBytes: 0) == nil)
            for _ in 0..<PullLedger.window / 2 { ledger.delivered() }
            // They are held, and not used yet.
            #expect(ledger.next(held: PullLedger.window / 2, heldBytes: 0) == nil)
            let second = try need(ledger.next(held: 0, heldBytes: 0))
            #expect(second.count == PullLedger.window / 2)
        }

        @Test func noMoreIsAskedForThanMayBeHeld() {
            var ledger = PullLedger()
            #expect(ledger.next(held: 0, heldBytes: PullLedger.windowBytes) == nil)
            #expect(ledger.next(held: PullLedger.window, heldBytes: 0) == nil)
            #expect(!ledger.isWaiting)
        }

        @Test func aRequestThatEndsIsAskedAgain() throws {
            var ledger = PullLedger()
            let first = try need(ledger.next(held: 0, heldBytes: 0))
            ledger.delivered()
            ledger.ended(first.number, isTooLarge: true)
            let second = try need(ledger.next(held: 0, heldBytes: 0))
            #expect(second.bytes == PullLedger.windowBytes)
        }

        @Test func aMessageThatIsLargerThanARequestIsAskedForAlone() throws {
            var ledger = PullLedger()
            let first = try need(ledger.next(held: 0, heldBytes: 0))
            ledger.ended(first.number, isTooLarge: true)
            let second = try need(ledger.next(held: 0, heldBytes: 0))
            #expect(second.bytes == nil)
            #expect(second.count == 1)
            ledger.delivered()
            let third = try need(ledger.next(held: 0, heldBytes: 0))
            #expect(third.bytes == PullLedger.windowBytes)
        }

        @Test func aStrangersEndIsNothing() {
            var ledger = PullLedger()
            ledger.ended(77, isTooLarge: true)
            ledger.delivered()
            #expect(!ledger.isWaiting)
        }
    }
#endif
