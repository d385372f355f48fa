/// The service: it writes events in transactions that commit or do not.
struct Writer {
    private(set) var remaining: Int

    init(_ scenario: Scenario) {
        remaining = scenario.events
    }

    func isDone(_ world: World) -> Bool { remaining == 0 && world.outbox.openCount == 0 }

    mutating func step(_ world: World) {
        let open = world.outbox.openCount
        if remaining > 0, open == 0 || (open < 4 && world.random.chance(55)) {
            remaining -= 1
            let number = world.ledger.write(key: world.random.below(world.scenario.keys), kind: kind(world))
            world.outbox.write(number)
            world.note("service: writes \(world.ledger.events[number])")
        } else if world.random.chance(85) {
            world.note("service: commits")
            world.outbox.commit()
        } else {
            world.note("service: rolls back")
            world.count(.rollback)
            world.outbox.rollBack()
        }
    }

    private func kind(_ world: World) -> SimulatedEvent.Kind {
        if world.random.chance(5) { return .ignored }
        guard world.random.chance(world.scenario.poisonPercent) else { return .good }
        return switch world.random.below(5) {
        case 0: .failsAlways
        case 1: .unlisted
        case 2: .malformed
        default: .fails(world.random.between(1, 6))
        }
    }
}
