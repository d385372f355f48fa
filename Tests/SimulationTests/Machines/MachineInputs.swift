import Brokers
import FleetCore
import Outbox
import Relay
import Views

/// Short ways to say what machines are told, and what they say.
enum Given {
    static func rows(_ first: Int, _ last: Int, key: Int = 0, kind: SimulatedEvent.Kind = .good) -> CapturedRows {
        rows((first...last).map { row($0, key: key, kind: kind) })
    }

    static func rows(_ events: [SimulatedEvent]) -> CapturedRows {
        var rows = CapturedRows()
        for event in events { event.add(to: &rows, at: OutboxPosition(Int64(event.number))) }
        return rows
    }

    static func row(_ number: Int, key: Int = 0, kind: SimulatedEvent.Kind = .good) -> SimulatedEvent {
        SimulatedEvent(number: number, key: key, kind: kind)
    }

    static func records(_ first: Int, _ last: Int) -> [LogRecord] {
        (first...last).map { number in
            LogRecord(
                position: LogPosition(Int64(number)), event: SimulatedEvent(number: number, key: 0, kind: .good).event)
        }
    }

    static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(microseconds: milliseconds * 1000) }

    static let busy = FleetError(.busy, "locked", isRetriable: true)
    static let unavailable = FleetError(.unavailable, "cannot be reached", isRetriable: true)
    static let conflict = FleetError(.conflict, "moved", isRetriable: true)
    static let statement = FleetError(.statement, "refused")
    static let contract = RelayContract(service: World.service) { $0 != "Unlisted" }
}

extension RelayMachine {
    /// A machine whose source is open.
    static func opened(heldKeys: Set<String> = []) -> RelayMachine {
        var machine = RelayMachine(contract: Given.contract)
        _ = machine.start()
        _ = machine.handle(.opened(heldKeys: heldKeys))
        return machine
    }

    /// Takes an answer, and tells in words what it wants next.
    mutating func told(_ input: Input) -> [String] { handle(input).map(\.summary) }
}

extension DeliveryMachine {
    /// A machine whose store is open.
    static func opened(
        at position: Int64 = 0, heldKeys: Set<String> = [], nextDue: Timestamp? = nil
    ) -> DeliveryMachine {
        var machine = DeliveryMachine()
        _ = machine.start()
        let opening = Opening(position: LogPosition(position), heldKeys: heldKeys, nextDue: nextDue)
        _ = machine.handle(.opened(opening))
        return machine
    }

    /// Takes an answer, and tells in words what it wants next.
    mutating func told(_ input: Input) -> [String] { handle(input).map(\.summary) }
}
