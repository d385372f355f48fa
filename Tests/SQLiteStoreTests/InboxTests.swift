import FleetCore
import Inbox
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct InboxTests {
    private let stream = OutboxFile.stream

    @Test func anEventIsAcceptedOnce() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            let one = try Inbox.begin("one", in: stream, identity: "x", after: .start, transaction)
            let two = try Inbox.begin("two", in: stream, identity: "x", after: LogPosition(5), transaction)
            #expect(one.number != two.number)
            let inbox = Inbox(number: one.number)
            #expect(try inbox.accept(.numbered(1), at: LogPosition(1), transaction))
            #expect(try !inbox.accept(.numbered(1), at: LogPosition(2), transaction))
            #expect(try inbox.accept(.numbered(2), at: LogPosition(3), transaction))
            #expect(try Inbox(number: two.number).accept(.numbered(1), at: LogPosition(1), transaction))
        }
    }

    @Test func whatIsRolledBackWasNotAccepted() async throws {
        let file = try await OutboxFile()
        let number = try await file.store.write {
            try Inbox.begin("one", in: stream, identity: "x", after: .start, $0).number
        }
        try await checkThrows(.badEvent) {
            try await file.store.write { transaction in
                #expect(try Inbox(number: number).accept(.numbered(1), at: LogPosition(1), transaction))
                throw FleetError(.badEvent, "on purpose")
            }
        }
        let isNew = try await file.store.write { transaction in
            try Inbox(number: number).accept(.numbered(1), at: LogPosition(1), transaction)
        }
        #expect(isNew)
    }

    @Test func aCursorIsMovedByOneOnly() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            #expect(try Inbox.state(of: "one", in: stream, transaction) == nil)
            let state = try Inbox.begin("one", in: stream, identity: "x", after: LogPosition(3), transaction)
            #expect(state.position == LogPosition(3) && state.begunAfter == LogPosition(3))
            #expect(try Inbox.begin("one", in: stream, identity: "x", after: LogPosition(9), transaction) == state)
            let inbox = Inbox(number: state.number)
            try inbox.advance(from: LogPosition(3), to: LogPosition(7), eventID: .numbered(7), transaction)
            let moved = try Inbox.state(of: "one", in: stream, transaction)
            #expect(moved?.position == LogPosition(7) && moved?.begunAfter == LogPosition(3))
            #expect(state.lastEventID == nil && moved?.lastEventID == .numbered(7))
            do {
                try inbox.advance(from: LogPosition(3), to: LogPosition(8), eventID: .numbered(8), transaction)
                Issue.record("two moved the cursor from one place")
            } catch let error as FleetError {
                #expect(error.code == .conflict && error.isRetriable)
            }
        }
    }

    @Test func oldEventsAreForgottenInSlices() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            let inbox = Inbox(
                number: try Inbox.begin("one", in: stream, identity: "x", after: .start, transaction).number)
            let other = Inbox(
                number: try Inbox.begin("two", in: stream, identity: "x", after: .start, transaction).number)
            // Ids in no order of positions.
            for number in 0..<25 {
                let position = LogPosition(Int64(number * 7 % 25))
                #expect(try inbox.accept(.numbered(number), at: position, transaction))
                #expect(try other.accept(.numbered(number), at: position, transaction))
            }
            var after: [UInt8]?
            var slices = 0
            repeat {
                after = try inbox.forget(below: LogPosition(10), after: after, limit: 10, transaction)
                slices += 1
            } while after != nil && slices < 100
            #expect(slices == 3)
            let left = try transaction.rows(
                "SELECT position FROM flotilla_inbox WHERE subscription = $1 ORDER BY position",
                [.integer(inbox.number)])
            #expect(left.map { $0[0] } == (10..<25).map { .integer(Int64($0)) })
            let others = try transaction.rows(
                "SELECT 1 FROM flotilla_inbox WHERE subscription = $1", [.integer(other.number)])
            #expect(others.count == 25)
            #expect(
                try inbox.forget(
                    below: LogPosition(0), after: [UInt8](repeating: 255, count: 16), limit: 10, transaction) == nil)
        }
    }
}
