import Brokers
import FleetCore
import TestKit

extension BrokerConformance {
    static let cursorChecks: [Check] = [
        Check("a subscription begins at the stream's beginning, or where it is told") { suite in
            try await suite.withBroker { broker in
                let last = try await broker.append(numbers: 1...5)
                try checkEqual(try await broker.subscriptions(of: .orders), [:])
                try await broker.subscribe(.reader("all"), to: .orders, at: nil)
                try await broker.subscribe(.reader("new"), to: .orders, at: last)
                let cursors = try await broker.subscriptions(of: .orders)
                try checkEqual(cursors, [.reader("all"): .start, .reader("new"): last])
                try checkEqual(try await broker.subscriptions(of: .stock), [:])
            }
        },
        Check("subscribing again leaves a cursor where it is, unless a position is given") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...5)
                let positions = try await broker.all().map(\.position)
                let reader = SubscriptionName.reader("all")
                try await broker.subscribe(reader, to: .orders, at: nil)
                try await broker.acknowledge(upTo: positions[3], by: reader, in: .orders)
                try await broker.subscribe(reader, to: .orders, at: nil)
                try checkEqual(try await broker.subscriptions(of: .orders), [reader: positions[3]])
                try await broker.subscribe(reader, to: .orders, at: positions[1])
                try checkEqual(try await broker.subscriptions(of: .orders), [reader: positions[1]])
            }
        },
        Check("acknowledging moves a cursor forward, and never back") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...5)
                let positions = try await broker.all().map(\.position)
                let (one, two) = (SubscriptionName.reader("one"), SubscriptionName.reader("two"))
                try await broker.subscribe(one, to: .orders, at: nil)
                try await broker.subscribe(two, to: .orders, at: nil)
                try await broker.acknowledge(upTo: positions[2], by: one, in: .orders)
                try await broker.acknowledge(upTo: positions[0], by: one, in: .orders)
                try await broker.acknowledge(upTo: positions[2], by: one, in: .orders)
                try checkEqual(try await broker.subscriptions(of: .orders), [one: positions[2], two: .start])
            }
        },
        Check("acknowledging makes no cursor where there is none") { suite in
            try await suite.withBroker { broker in
                let last = try await broker.append(numbers: 1...5)
                try await broker.acknowledge(upTo: last, by: .reader("unknown"), in: .orders)
                try checkEqual(try await broker.subscriptions(of: .orders), [:])
            }
        },
        Check("unsubscribing removes a cursor, and is no error where there is none") { suite in
            try await suite.withBroker { broker in
                try await broker.subscribe(.reader("one"), to: .orders, at: nil)
                try await broker.subscribe(.reader("two"), to: .orders, at: nil)
                for _ in 0..<2 { try await broker.unsubscribe(.reader("one"), from: .orders) }
                try checkEqual(try await broker.subscriptions(of: .orders), [.reader("two"): .start])
            }
        },
        Check("a subscription that begins after records were dropped begins at the first that is there") { suite in
            let clock = ManualClock()
            guard suite.features.ageFollowsClock, suite.features.trimsExactly else { return }
            try await suite.withBroker(.short, clock: clock.clock) { broker in
                _ = try await broker.append(numbers: 1...5)
                clock.advance(by: .seconds(3_601))
                _ = try await broker.append(numbers: 6...7)
                try await broker.trim(.orders)
                try await broker.subscribe(.reader("late"), to: .orders, at: nil)
                let cursor = try await broker.subscriptions(of: .orders)[.reader("late")]
                let records = try await broker.all(after: cursor ?? .start)
                try checkEqual(records.numbers, [6, 7])
            }
        },
    ]
}

extension Retention {
    /// An hour.
    static let short = Retention(age: .seconds(3_600), size: .gibibytes(1), limit: .gibibytes(2))
}
