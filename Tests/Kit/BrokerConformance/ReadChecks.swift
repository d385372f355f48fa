import Brokers
import FleetCore
import TestKit

extension BrokerConformance {
    static let readChecks: [Check] = [
        Check("an empty stream is read as empty, and says that it is") { suite in
            try await suite.withBroker { broker in
                try checkEqual(try await broker.read(.orders, after: .start, limit: .standard), [])
                let bounds = try await broker.bounds(of: .orders)
                try checkEqual(bounds.last, .start)
                try checkEqual(bounds.first, LogPosition(1))
                try checkEqual(bounds.size, ByteCount(0))
                try checkEqual(bounds.firstTime, nil)
                try checkEqual(bounds.lastTime, nil)
                try checkEqual(bounds.count(after: .start), 0)
            }
        },
        Check("reading begins after a position, and ends at a count") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...20)
                let all = try await broker.all()
                let limit = BatchLimit(events: 6, bytes: .mebibytes(1))
                let batch = try await broker.read(.orders, after: all[4].position, limit: limit)
                try checkEqual(batch.numbers, [6, 7, 8, 9, 10, 11])
                let rest = try await broker.read(.orders, after: all[16].position, limit: limit)
                try checkEqual(rest.numbers, [18, 19, 20])
                try checkEqual(try await broker.read(.orders, after: all[19].position, limit: limit), [])
            }
        },
        Check("a batch ends at a count of bytes, and holds at least one") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...20, payload: 1_000)
                let size = Event.numbered(1, payload: 1_000).size.value
                let limit = BatchLimit(events: 4_096, bytes: ByteCount(size * 5))
                let batch = try await broker.read(.orders, after: .start, limit: limit)
                try checkEqual(batch.numbers, [1, 2, 3, 4, 5])
                let tiny = BatchLimit(events: 4_096, bytes: ByteCount(1))
                var position = LogPosition.start
                for number in 1...20 {
                    let one = try await broker.read(.orders, after: position, limit: tiny)
                    try checkEqual(one.numbers, [number])
                    position = one.last?.position ?? position
                }
            }
        },
        Check("bounds tell what is there, and since when") { suite in
            let clock = ManualClock()
            try await suite.withBroker(clock: clock.clock) { broker in
                let start = clock.now
                _ = try await broker.append(numbers: 1...3)
                clock.advance(by: .seconds(60))
                let last = try await broker.append(numbers: 4...5)
                let bounds = try await broker.bounds(of: .orders)
                let all = try await broker.all()
                try checkEqual(bounds.first, all.first?.position)
                try checkEqual(bounds.last, last)
                if suite.features.ageFollowsClock {
                    try checkEqual(bounds.firstTime, start)
                    try checkEqual(bounds.lastTime, clock.now)
                }
                if suite.features.sizeIsExact {
                    try checkEqual(bounds.size.value, all.reduce(0) { $0 + $1.event.size.value })
                }
            }
        },
        Check("reading past the end of a log that is shorter than its readers is a gap") { suite in
            try await suite.withBroker { broker in
                let last = try await broker.append(numbers: 1...3)
                let beyond = LogPosition(last.value + 1)
                let error = try await checkThrows(.gap) {
                    try await broker.read(.orders, after: beyond, limit: .standard)
                }
                try check(error.message.contains("\(last)"), "where the log ends is not said: \(error)")
                try check(error.remedy != nil, "no remedy: \(error)")
                try checkEqual(try await broker.read(.orders, after: last, limit: .standard), [])
            }
        },
        Check("waiting ends at once where there are records already") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...1)
                let start = ContinuousClock.now
                try await broker.waitForRecords(in: .orders, after: .start, timeout: .seconds(300))
                try check(ContinuousClock.now - start < .seconds(120), "it waited although there is a record")
            }
        },
        Check("waiting ends when a record is appended") { suite in
            try await suite.withBroker { broker in
                var last = try await broker.append(numbers: 1...1)
                for number in 2...40 {
                    let start = ContinuousClock.now
                    let position = last
                    async let waited: Void = broker.waitForRecords(in: .orders, after: position, timeout: .seconds(300))
                    if number % 2 == 0 { for _ in 0..<number { await Task.yield() } }
                    last = try await broker.append(numbers: number...number)
                    try await waited
                    let time = ContinuousClock.now - start
                    try check(time < .seconds(120), "the record was not noticed for \(time)")
                    try checkEqual(try await broker.all(after: position).numbers, [number])
                }
            }
        },
        Check("records are found by the time at which they were appended") { suite in
            let clock = ManualClock()
            try await suite.withBroker(clock: clock.clock) { broker in
                var positions: [LogPosition] = []
                for number in 1...20 {
                    positions.append(try await broker.append(numbers: number...number))
                    if number % 5 == 0 { clock.advance(by: .seconds(60)) }
                }
                let bounds = try await broker.bounds(of: .orders)
                var times: [Timestamp] = []
                for position in positions {
                    guard let time = try await broker.appendTime(of: position, in: .orders) else {
                        throw CheckFailure("record \(position) has no time")
                    }
                    times.append(time)
                }
                try checkEqual(times, times.sorted())
                try checkEqual(bounds.firstTime, times.first)
                try checkEqual(bounds.lastTime, times.last)
                try checkEqual(
                    try await broker.appendTime(of: LogPosition(bounds.last.value + 1), in: .orders), nil)
                for time in times {
                    let expected = zip(positions, times).first { $0.1 >= time }?.0
                    let found = try await broker.firstPosition(since: time, in: .orders, within: bounds)
                    try checkEqual(found, expected)
                }
                let later = times[19].advanced(by: .microseconds(1))
                let next = LogPosition(bounds.last.value + 1)
                try checkEqual(try await broker.firstPosition(since: later, in: .orders, within: bounds), next)
                let ever = Timestamp(microseconds: 0)
                try checkEqual(
                    try await broker.firstPosition(since: ever, in: .orders, within: bounds), bounds.first)
                let empty = try await broker.bounds(of: .stock)
                try checkEqual(try await broker.firstPosition(since: ever, in: .stock, within: empty), empty.first)
            }
        },
        Check("waiting ends after its timeout, and when its task is cancelled") { suite in
            try await suite.withBroker { broker in
                let last = try await broker.append(numbers: 1...1)
                let start = ContinuousClock.now
                try await broker.waitForRecords(in: .orders, after: last, timeout: .milliseconds(50))
                let time = ContinuousClock.now - start
                try check(time >= .milliseconds(40), "it did not wait: \(time)")
                try check(time < .seconds(120), "it waited \(time)")
                let work = Task { try? await broker.waitForRecords(in: .orders, after: last, timeout: .seconds(300)) }
                work.cancel()
                _ = await work.value
                try check(ContinuousClock.now - start < .seconds(120), "cancelling did not end the wait")
            }
        },
    ]
}
