import Brokers
import FleetCore
import TestKit

extension BrokerConformance {
    static let lifetimeChecks: [Check] = [
        Check("records, bounds and cursors are there after closing and opening again") { suite in
            let clock = ManualClock()
            let (last, bounds) = try await suite.withBroker(clock: clock.clock) { broker in
                let last = try await broker.append(numbers: 1...5)
                try await broker.subscribe(.reader("all"), to: .orders, at: nil)
                try await broker.subscribe(.reader("new"), to: .orders, at: last)
                return (last, try await broker.bounds(of: .orders))
            }
            try await suite.withBroker { broker in
                try checkEqual(try await broker.all().numbers, [1, 2, 3, 4, 5])
                try checkEqual(try await broker.bounds(of: .orders), bounds)
                let cursors = try await broker.subscriptions(of: .orders)
                try checkEqual(cursors, [.reader("all"): .start, .reader("new"): last])
                try check(try await broker.append(numbers: 6...6) > last, "a position was given again")
            }
        },
        Check("what was appended is there although nobody closed the broker") { suite in
            try await suite.create([.orders])
            let abandoned = try await suite.open(.ample, .system)
            let last = try await abandoned.append(numbers: 1...5)
            try await suite.withBroker { broker in
                try checkEqual(try await broker.all().numbers, [1, 2, 3, 4, 5])
                try check(try await broker.append(numbers: 6...6) > last, "a position was given again")
            }
            await abandoned.close()
        },
        Check("making streams that are there changes nothing") { suite in
            try await suite.withBroker { broker in
                _ = try await broker.append(numbers: 1...5)
                try await suite.create([.orders, .stock])
                _ = try await broker.append(numbers: 6...6)
                try checkEqual(try await broker.all().numbers, [1, 2, 3, 4, 5, 6])
            }
            try await suite.create([.orders, .stock])
            try await suite.withBroker { try checkEqual(try await $0.all().numbers, [1, 2, 3, 4, 5, 6]) }
        },
        Check("closing twice is no error") { suite in
            try await suite.create([.orders])
            let broker = try await suite.open(.ample, .system)
            _ = try await broker.append(numbers: 1...1)
            await broker.close()
            await broker.close()
        },
    ]
}
