import Brokers
import FleetCore
import TestKit

extension BrokerConformance {
    static let appendChecks: [Check] = [
        Check("positions grow, and the last is returned") { suite in
            try await suite.withBroker { broker in
                let first = try await broker.append(numbers: 1...1)
                let second = try await broker.append(numbers: 2...4)
                let third = try await broker.append(numbers: 5...5)
                try check(
                    LogPosition.start < first && first < second && second < third, "\(first), \(second), \(third)")
                let records = try await broker.all()
                try checkEqual(records.numbers, [1, 2, 3, 4, 5])
                try checkEqual(records.last?.position, third)
                try check(
                    zip(records, records.dropFirst()).allSatisfy { $0.position < $1.position },
                    "positions do not grow: \(records.map(\.position))")
            }
        },
        Check("streams are apart") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...3)
                _ = try await broker.append([.numbered(9)], to: .stock)
                try checkEqual(try await broker.all(.orders).numbers, [1, 2, 3])
                try checkEqual(try await broker.all(.stock).numbers, [9])
            }
        },
        Check("a stream that was not made is missing, and is not made by using it") { suite in
            try await suite.create([.orders])
            let broker = try await suite.open(.ample, .system)
            for _ in 0..<2 {
                try await checkThrows(.missing) { try await broker.append([.numbered(1)], to: .stock) }
                try await checkThrows(.missing) { try await broker.read(.stock, after: .start, limit: .standard) }
                try await checkThrows(.missing) { try await broker.bounds(of: .stock) }
            }
            try await suite.create([.orders, .stock])
            _ = try await broker.append([.numbered(1)], to: .stock)
            try checkEqual(try await broker.all(.stock).numbers, [1])
            await broker.close()
        },
        Check("an empty batch appends nothing") { suite in
            try await suite.withBroker { broker in
                try checkEqual(try await broker.append([], to: .orders), .start)
                let last = try await broker.append(numbers: 1...2)
                try checkEqual(try await broker.append([], to: .orders), last)
                try checkEqual(try await broker.all().numbers, [1, 2])
            }
        },
        Check("events round trip with all their attributes") { suite in
            try await suite.withBroker { broker in
                let plain = Event.numbered(1)
                var full = Event.numbered(2)
                full.traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                full.headers = #"{"tenant": "Grüße"}"#
                full.contentType = "application/avro"
                full.key = "Schlüssel 鍵 🔑"
                full.aggregateType = ""
                full.time = Timestamp(microseconds: -1)
                full.payload = Array(0...255)
                var empty = Event.numbered(3, payload: 0)
                empty.key = ""
                empty.headers = ""
                empty.traceParent = ""
                empty.id = EventID(high: 0, low: 3)
                var far = Event.numbered(4)
                far.id = EventID(high: .max, low: .max)
                far.time = Timestamp(microseconds: 253_402_300_799_999_999)
                far.source = "/northwind/Grüße"
                let events = [plain, full, empty, far]
                _ = try await broker.append(events, to: .orders)
                let found = try await broker.all().map(\.event)
                try checkEqual(found.count, events.count)
                for (found, event) in zip(found, events) { try checkEqual(found, event) }
            }
        },
        Check("a payload of 1 MiB round trips") { suite in
            var random = RandomSource(for: "a payload of 1 MiB")
            var event = Event.numbered(1)
            event.payload = (0..<1 << 17).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
            let sent = event
            try await suite.withBroker { broker in
                _ = try await broker.append([sent], to: .orders)
                let found = try await broker.all()
                try check(found.first?.event == sent, "the payload came back changed")
            }
        },
        Check("a batch is appended whole, or not at all") { suite in
            guard suite.features.batchesAreAtomic else { return }
            let events = (1...3).map { Event.numbered($0, payload: 400) }
            let limit = Retention(age: .seconds(3_600), size: ByteCount(100), limit: ByteCount(1_500))
            try await suite.withBroker(limit) { broker in
                try await broker.subscribe(.reader("slow"), to: .orders, at: nil)
                let last = try await broker.append([.numbered(0, payload: 400)], to: .orders)
                try await checkThrows(.full) { try await broker.append(events, to: .orders) }
                try checkEqual(try await broker.all().numbers, [0])
                try checkEqual(try await broker.bounds(of: .orders).last, last)
                _ = try await broker.append([events[0]], to: .orders)
                try checkEqual(try await broker.all().numbers, [0, 1])
            }
        },
        Check("batches that are appended at the same time stay whole") { suite in
            try await suite.withBroker { broker in
                try await withThrowingTaskGroup(of: (Int, LogPosition).self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            var last = LogPosition.start
                            for batch in 0..<10 {
                                let first = writer * 10_000 + batch * 100
                                let position = try await broker.append(numbers: first..<first + 5)
                                try check(position > last, "the positions of one writer do not grow")
                                last = position
                            }
                            return (writer, last)
                        }
                    }
                    for try await _ in group {}
                }
                let numbers = try await broker.all().numbers
                try checkEqual(numbers.count, 400)
                var next = [Int](repeating: 0, count: 8)
                for start in stride(from: 0, to: numbers.count, by: 5) {
                    let writer = numbers[start] / 10_000
                    let first = writer * 10_000 + next[writer] * 100
                    try checkEqual(Array(numbers[start..<start + 5]), Array(first..<first + 5))
                    next[writer] += 1
                }
            }
        },
    ]
}
