import Brokers
import FleetCore

/// A broker with one stream and one subscription.
final class ModelBroker {
    private let ledger: Ledger
    private let capacity: Int
    private let bug: PlantedBug?
    /// Every record ever appended; the record at index 0 has position 1.
    private var log: [Int] = []
    /// Records up to here are dropped.
    private var trimmedThrough = 0
    private(set) var cursor = 0

    init(ledger: Ledger, scenario: Scenario, bug: PlantedBug?) {
        self.ledger = ledger
        self.bug = bug
        capacity = scenario.brokerCapacity
    }

    var last: LogPosition { LogPosition(Int64(log.count)) }

    /// All or nothing.
    func append(_ numbers: [Int]) throws {
        if log.count - cursor >= capacity { throw FleetError(.full, "the stream is full", isRetriable: true) }
        for number in afflicted(numbers) {
            try ledger.log(number)
            log.append(number)
        }
    }

    private func afflicted(_ numbers: [Int]) -> [Int] {
        switch bug {
        case .losesEventOfBatch where numbers.count > 2:
            return Array(numbers.dropLast())
        case .swapsEventsOfKey:
            var swapped = numbers
            for index in numbers.indices.dropLast()
            where ledger.events[numbers[index]].key == ledger.events[numbers[index + 1]].key {
                swapped.swapAt(index, index + 1)
                break
            }
            return swapped
        default:
            return numbers
        }
    }

    func read(after position: LogPosition, limit: Int) throws -> [LogRecord] {
        let start = Int(position.value)
        if start < trimmedThrough {
            throw Failure(.gap, "read after \(start), and records up to \(trimmedThrough) are dropped")
        }
        return log[start..<min(start + limit, log.count)].enumerated().map { offset, number in
            LogRecord(position: LogPosition(Int64(start + offset + 1)), event: ledger.events[number].event)
        }
    }

    func subscribe(at position: LogPosition) {
        cursor = Int(position.value)
    }

    func acknowledge(upTo position: LogPosition) {
        cursor = max(cursor, Int(position.value))
    }

    func trim() {
        trimmedThrough = max(trimmedThrough, cursor)
    }
}
