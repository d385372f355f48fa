import FleetCore
import Inbox
import Stores
import TestKit

extension RecordConformance {
    static let inboxChecks: [Check] = [
        Check("an event is accepted once") { suite in
            try await suite.store.write { transaction in
                let one = try Inbox.begin("one", in: stream, identity: "x", after: .start, transaction)
                let two = try Inbox.begin("two", in: stream, identity: "x", after: LogPosition(5), transaction)
                try check(one.number != two.number, "two subscriptions have one number")
                let inbox = Inbox(number: one.number)
                try checkEqual(try inbox.accept(.numbered(1), at: LogPosition(1), transaction), true)
                try checkEqual(try inbox.accept(.numbered(1), at: LogPosition(2), transaction), false)
                try checkEqual(try inbox.accept(.numbered(2), at: LogPosition(3), transaction), true)
                try checkEqual(
                    try Inbox(number: two.number).accept(.numbered(1), at: LogPosition(1), transaction), true)
            }
        },
        Check("what is rolled back was not accepted") { suite in
            let number = try await suite.store.write {
                try Inbox.begin("one", in: stream, identity: "x", after: .start, $0).number
            }
            try await checkThrows(.badEvent) {
                try await suite.store.write { transaction in
                    try checkEqual(
                        try Inbox(number: number).accept(.numbered(1), at: LogPosition(1), transaction), true)
                    throw FleetError(.badEvent, "on purpose")
                }
            }
            let isNew = try await suite.store.write { transaction in
                try Inbox(number: number).accept(.numbered(1), at: LogPosition(1), transaction)
            }
            try checkEqual(isNew, true)
        },
        Check("a cursor is moved by one only") { suite in
            try await suite.store.write { transaction in
                try checkEqual(try Inbox.state(of: "one", in: stream, transaction), nil)
                let state = try Inbox.begin("one", in: stream, identity: "x", after: LogPosition(3), transaction)
                try checkEqual(state.position, LogPosition(3))
                try checkEqual(state.begunAfter, LogPosition(3))
                try checkEqual(state.streamIdentity, "x")
                try checkEqual(
                    try Inbox.begin("one", in: stream, identity: "x", after: LogPosition(9), transaction), state)
                let inbox = Inbox(number: state.number)
                try inbox.advance(from: LogPosition(3), to: LogPosition(7), eventID: .numbered(7), transaction)
                let moved = try Inbox.state(of: "one", in: stream, transaction)
                try checkEqual(moved?.position, LogPosition(7))
                try checkEqual(moved?.begunAfter, LogPosition(3))
                try check(state.lastEventID == nil, "an id before the first event")
                try checkEqual(moved?.lastEventID, .numbered(7))
                do {
                    try inbox.advance(from: LogPosition(3), to: LogPosition(8), eventID: .numbered(8), transaction)
                    throw CheckFailure("two moved the cursor from one place")
                } catch let error as FleetError {
                    try check(error.code == .conflict && error.isRetriable, "\(error)")
                }
            }
        },
        Check("a cursor that is taken back forgets what comes after it") { suite in
            try await suite.store.write { transaction in
                let number = try Inbox.begin("one", in: stream, identity: "x", after: LogPosition(3), transaction)
                    .number
                let other = try Inbox.begin("two", in: stream, identity: "x", after: .start, transaction).number
                for inbox in [Inbox(number: number), Inbox(number: other)] {
                    for position in 4...9 {
                        _ = try inbox.accept(.numbered(position), at: LogPosition(Int64(position)), transaction)
                    }
                }
                let inbox = Inbox(number: number)
                try inbox.advance(from: LogPosition(3), to: LogPosition(9), eventID: .numbered(9), transaction)
                do {
                    try inbox.rewind(from: LogPosition(8), to: LogPosition(6), eventID: nil, transaction)
                    throw CheckFailure("a cursor was taken back from where it was not")
                } catch let error as FleetError {
                    try check(error.code == .conflict && error.isRetriable, "\(error)")
                }
                try inbox.rewind(from: LogPosition(9), to: LogPosition(6), eventID: .numbered(6), transaction)
                let state = try Inbox.state(of: "one", in: stream, transaction)
                try checkEqual(state?.position, LogPosition(6))
                try checkEqual(state?.lastEventID, .numbered(6))
                try checkEqual(state?.begunAfter, LogPosition(3))
                let accepted = try (4...9).filter {
                    try inbox.accept(.numbered($0), at: LogPosition(Int64($0)), transaction)
                }
                try checkEqual(accepted, [7, 8, 9])
                // Another's memory is its own.
                try checkEqual(
                    try Inbox(number: other).accept(.numbered(9), at: LogPosition(9), transaction), false)
                try inbox.rewind(from: LogPosition(6), to: LogPosition(1), eventID: nil, transaction)
                let begun = try Inbox.state(of: "one", in: stream, transaction)
                try checkEqual(begun?.begunAfter, LogPosition(1))
                try check(begun?.lastEventID == nil, "an id of no event")
            }
        },
        Check("old events are forgotten in slices") { suite in
            try await suite.store.write { transaction in
                let inbox = Inbox(
                    number: try Inbox.begin("one", in: stream, identity: "x", after: .start, transaction).number)
                let other = Inbox(
                    number: try Inbox.begin("two", in: stream, identity: "x", after: .start, transaction).number)
                // Ids in no order of positions.
                for number in 0..<25 {
                    let position = LogPosition(Int64(number * 7 % 25))
                    try checkEqual(try inbox.accept(.numbered(number), at: position, transaction), true)
                    try checkEqual(try other.accept(.numbered(number), at: position, transaction), true)
                }
                func left(of inbox: Inbox) throws -> [Int64] {
                    try transaction.rows(
                        "SELECT position FROM flotilla_inbox WHERE subscription = $1 ORDER BY position",
                        [.integer(inbox.number)]
                    ).compactMap { $0[0].integer }
                }
                // A slice looks at as many rows as it is told, and at no more.
                let first = try inbox.forget(below: LogPosition(25), after: nil, limit: 10, transaction)
                try checkEqual(first, EventID.numbered(9).bytes)
                try checkEqual(try left(of: inbox).count, 15)
                var after: [UInt8]?
                var slices = 0
                repeat {
                    after = try other.forget(below: LogPosition(10), after: after, limit: 10, transaction)
                    slices += 1
                } while after != nil && slices < 100
                try checkEqual(slices, 3)
                try checkEqual(try left(of: other), Array(10..<25))
                try checkEqual(try left(of: inbox).count, 15)
                let end = [UInt8](repeating: 255, count: 16)
                try checkEqual(
                    try inbox.forget(below: LogPosition(25), after: end, limit: 10, transaction), nil)
                try checkEqual(try left(of: inbox).count, 15)
                try checkEqual(try inbox.forget(below: LogPosition(25), after: nil, limit: 16, transaction), nil)
                try checkEqual(try left(of: inbox), [])
            }
        },
        Check("a full slice tells where the next begins") { suite in
            try await suite.store.write { transaction in
                let inbox = Inbox(
                    number: try Inbox.begin("one", in: stream, identity: "x", after: .start, transaction).number)
                for number in 0..<10 {
                    _ = try inbox.accept(.numbered(number), at: LogPosition(Int64(number)), transaction)
                }
                let next = try inbox.forget(below: LogPosition(5), after: nil, limit: 10, transaction)
                try checkEqual(next, EventID.numbered(9).bytes)
                try checkEqual(try inbox.forget(below: LogPosition(5), after: next, limit: 10, transaction), nil)
                let left = try transaction.firstRow("SELECT count(*) FROM flotilla_inbox")?[0].integer
                try checkEqual(left, 5)
            }
        },
    ]
}
