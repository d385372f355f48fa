import Brokers
import FleetCore
import TestKit

extension BrokerConformance {
    static let retentionChecks: [Check] = [
        Check("records that are old enough are dropped, and no others") { suite in
            guard suite.features.ageFollowsClock, suite.features.trimsExactly else { return }
            let clock = ManualClock()
            try await suite.withBroker(.short, clock: clock.clock) { broker in
                _ = try await broker.append(numbers: 1...3)
                clock.advance(by: .seconds(1_800))
                _ = try await broker.append(numbers: 4...6)
                clock.advance(by: .seconds(1_800))
                try await broker.trim(.orders)
                try checkEqual(try await broker.all().numbers, [1, 2, 3, 4, 5, 6])
                clock.advance(by: .seconds(1))
                try await broker.trim(.orders)
                let bounds = try await broker.bounds(of: .orders)
                try checkEqual(try await broker.all(after: LogPosition(bounds.first.value - 1)).numbers, [4, 5, 6])
                try await suite.checkSize(broker)
            }
        },
        Check("records beyond the size are dropped, oldest first") { suite in
            guard suite.features.trimsExactly else { return }
            let size = Event.numbered(1, payload: 1_000).size.value
            let retention = Retention(age: .seconds(86_400), size: ByteCount(size * 3), limit: .mebibytes(1))
            try await suite.withBroker(retention) { broker in
                _ = try await broker.append(numbers: 1...10, payload: 1_000)
                try await broker.trim(.orders)
                let bounds = try await broker.bounds(of: .orders)
                try checkEqual(try await broker.all(after: LogPosition(bounds.first.value - 1)).numbers, [8, 9, 10])
                try await suite.checkSize(broker)
            }
        },
        Check("what a cursor has still to read is never dropped, however old or large") { suite in
            let clock = ManualClock()
            let retention = Retention(age: .seconds(3_600), size: ByteCount(1), limit: .mebibytes(1))
            try await suite.withBroker(retention, clock: clock.clock) { broker in
                _ = try await broker.append(numbers: 1...10)
                let positions = try await broker.all().map(\.position)
                let (slow, fast) = (SubscriptionName.reader("slow"), SubscriptionName.reader("fast"))
                try await broker.subscribe(slow, to: .orders, at: nil)
                try await broker.subscribe(fast, to: .orders, at: nil)
                clock.advance(by: .seconds(1_000_000))
                try await broker.acknowledge(upTo: positions[9], by: fast, in: .orders)
                try await broker.trim(.orders)
                try checkEqual(try await broker.all().numbers, Array(1...10))
                try await broker.acknowledge(upTo: positions[3], by: slow, in: .orders)
                try await broker.trim(.orders)
                try checkEqual(try await broker.all(after: positions[3]).numbers, Array(5...10))
                try await broker.unsubscribe(slow, from: .orders)
                // Its cursor is lost, and not its reader.
                try await broker.trim(.orders, sparing: [fast, slow])
                try checkEqual(try await broker.all(after: positions[3]).numbers, Array(5...10))
                try await broker.trim(.orders, sparing: [fast])
                try checkEqual(try await broker.all(after: positions[9]).numbers, [])
                if suite.features.trimsExactly {
                    try checkEqual(try await broker.bounds(of: .orders).size, ByteCount(0))
                }
            }
        },
        Check("reading what was dropped is a gap, which says where the records begin") { suite in
            guard suite.features.trimsExactly else { return }
            let retention = Retention(age: .seconds(86_400), size: ByteCount(1), limit: .mebibytes(1))
            try await suite.withBroker(retention) { broker in
                _ = try await broker.append(numbers: 1...5)
                let positions = try await broker.all().map(\.position)
                try await broker.subscribe(.reader("one"), to: .orders, at: positions[2])
                try await broker.trim(.orders)
                for position in [.start, positions[0], positions[1]] {
                    let error = try await checkThrows(.gap) {
                        try await broker.read(.orders, after: position, limit: .standard)
                    }
                    try check(
                        error.message.contains("\(positions[3])"), "where the records begin is not said: \(error)")
                }
                let rest = try await broker.read(.orders, after: positions[2], limit: .standard)
                try checkEqual(rest.numbers, [4, 5])
            }
        },
        Check("positions are not given again after everything was dropped") { suite in
            guard suite.features.trimsExactly else { return }
            let retention = Retention(age: .seconds(86_400), size: ByteCount(0), limit: .mebibytes(1))
            var last = LogPosition.start
            for round in 1...3 {
                last = try await suite.withBroker(retention) { broker in
                    let position = try await broker.append(numbers: 1...5)
                    try check(position > last, "round \(round): \(position) after \(last)")
                    try await broker.trim(.orders)
                    let bounds = try await broker.bounds(of: .orders)
                    try checkEqual(bounds.last, position)
                    try check(bounds.first > position, "records are still there: \(bounds)")
                    try checkEqual(bounds.size, ByteCount(0))
                    try checkEqual(bounds.firstTime, nil)
                    try checkEqual(try await broker.read(.orders, after: position, limit: .standard), [])
                    try checkEqual(bounds.count(after: position), 0)
                    return position
                }
            }
        },
        Check("many records are dropped in one call") { suite in
            guard suite.features.trimsExactly else { return }
            let retention = Retention(age: .seconds(86_400), size: ByteCount(0), limit: .gibibytes(1))
            try await suite.withBroker(retention) { broker in
                let last = try await broker.append(numbers: 1...10_000)
                try await broker.trim(.orders)
                try checkEqual(try await broker.bounds(of: .orders).first, LogPosition(last.value + 1))
                try checkEqual(try await broker.bounds(of: .orders).size, ByteCount(0))
            }
        },
        Check("at its limit a stream takes no more, until its readers have caught up") { suite in
            guard suite.features.trimsExactly else { return }
            let size = Event.numbered(1, payload: 1_000).size.value
            let retention = Retention(age: .seconds(86_400), size: ByteCount(size), limit: ByteCount(size * 4))
            try await suite.withBroker(retention) { broker in
                let reader = SubscriptionName.reader("slow")
                try await broker.subscribe(reader, to: .orders, at: nil)
                let fourth = try await broker.append(numbers: 1...4, payload: 1_000)
                for _ in 0..<2 {
                    let error = try await checkThrows(.full) { try await broker.append(numbers: 5...5, payload: 1_000) }
                    try check(error.isRetriable, "trying again can help: \(error)")
                    try check(error.message.contains("\(StreamName.orders)"), "the stream is not named: \(error)")
                    try await broker.trim(.orders)
                }
                try checkEqual(try await broker.all().numbers, [1, 2, 3, 4])
                try await broker.acknowledge(upTo: fourth, by: reader, in: .orders)
                try await broker.trim(.orders)
                let fifth = try await broker.append(numbers: 5...5, payload: 1_000)
                try check(fifth > fourth, "\(fifth) after \(fourth)")
                try checkEqual(try await broker.all(after: fourth).numbers, [5])
            }
        },
        Check("the size stays right, whatever attributes the dropped events had") { suite in
            guard suite.features.sizeIsExact, suite.features.trimsExactly else { return }
            let retention = Retention(age: .seconds(86_400), size: ByteCount(2_000), limit: .mebibytes(1))
            var random = RandomSource(for: "the size stays right")
            let words = ["", "a", "Grüße", "世界", "🔑", "\0", "e\u{301}"]
            let events = (1...200).map { number in
                var event = Event.numbered(number, payload: Int.random(in: 0...50, using: &random))
                event.source = words.randomElement(using: &random) ?? ""
                event.type = words.randomElement(using: &random) ?? ""
                event.key = words.randomElement(using: &random) ?? ""
                event.aggregateType = words.randomElement(using: &random) ?? ""
                event.headers = Bool.random(using: &random) ? words.randomElement(using: &random) : nil
                event.traceParent = Bool.random(using: &random) ? words.randomElement(using: &random) : nil
                event.contentType = words.randomElement(using: &random) ?? ""
                return event
            }
            try await suite.withBroker(retention) { broker in
                for start in stride(from: 0, to: events.count, by: 20) {
                    _ = try await broker.append(Array(events[start..<start + 20]), to: .orders)
                    try await suite.checkSize(broker)
                    try await broker.trim(.orders)
                    try await suite.checkSize(broker)
                    try check(
                        try await broker.bounds(of: .orders).size <= ByteCount(2_000), "more is kept than asked for")
                }
            }
        },
    ]

    /// Holds that the size a stream tells is that of what is there.
    private func checkSize(_ broker: any Broker) async throws {
        guard features.sizeIsExact else { return }
        let bounds = try await broker.bounds(of: .orders)
        let records = try await broker.all(after: LogPosition(bounds.first.value - 1))
        try checkEqual(bounds.size.value, records.reduce(0) { $0 + $1.event.size.value })
    }
}
