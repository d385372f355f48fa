import FleetCore

/// One run of the whole way, from a service's transaction to a view, in a storm; then calm, and the judge.
struct Simulation {
    let world: World
    private var writer: Writer
    private let relay: RelayDriver
    private let delivery: DeliveryDriver
    private let admin: Operator

    /// - Throws: ``Failure`` where the very first actions break a rule.
    init(_ world: World) throws {
        self.world = world
        writer = Writer(world.scenario)
        relay = try RelayDriver(world)
        delivery = try DeliveryDriver(world)
        admin = Operator(world)
    }

    mutating func run() throws {
        while !writer.isDone(world) { try stormStep() }
        for _ in 0..<world.random.below(80) { try stormStep() }
        try calmDown()
        try world.ledger.checkNothingIsLost()
    }

    // MARK: Storm

    private mutating func stormStep() throws {
        world.now = world.now.advanced(by: .milliseconds(world.random.below(3)))
        if world.random.below(1000) < world.scenario.crashesPerThousand { return try crash() }
        if world.random.chance(world.scenario.operatorPercent) {
            if world.random.chance(10) { admin.leave() } else { try admin.step() }
            return
        }
        switch world.random.below(100) {
        case ..<20: writer.step(world)
        case ..<22: world.broker.trim()
        case ..<24: world.outbox.removeExpired()
        case ..<26: try steer()
        default: try machineStep()
        }
    }

    private func crash() throws {
        world.count(.crash)
        if world.random.chance(15) {
            world.note("the service now publishes what it did not")
            world.count(.mendedContract)
            world.mendContract()
        }
        world.note("the process dies")
        try relay.crash()
        try delivery.crash()
    }

    /// Somebody pauses a part, has it go on, or has it begin anew.
    private func steer() throws {
        world.count(.steering)
        let isPaused = world.random.chance(50)
        if world.random.chance(50) {
            try relay.steer(isPaused: isPaused)
        } else {
            try delivery.steer(isPaused: isPaused)
        }
    }

    /// Something that is under way gets on.
    private func machineStep() throws {
        let count = relay.workCount + delivery.workCount
        if count == 0 { return }
        let index = world.random.below(count)
        let isHasty = world.random.chance(50)
        if index < relay.workCount {
            try relay.advance(index, isHasty: isHasty)
        } else {
            try delivery.advance(index - relay.workCount, isHasty: isHasty)
        }
    }

    // MARK: Calm

    /// Without faults, everything must come to an end.
    private func calmDown() throws {
        world.note("calm")
        world.faultPercent = 0
        try admin.finish()
        try relay.steer(isPaused: false)
        try delivery.steer(isPaused: false)
        for _ in 0..<(world.scenario.events + 4) {
            try drain()
            try checkParked()
            if world.outbox.parking.isEmpty, world.view.parking.isEmpty { return }
            try admin.settleEverything()
        }
        throw Failure(.stuck, "events are still parked after an operator settled them again and again")
    }

    /// Lets the machines work until nothing is left to do, or only an operator can help.
    private func drain() throws {
        for step in 0..<(1000 + 60 * world.scenario.events) {
            if step % 4 == 0, isQuiet { return }
            if step % 64 == 63, isFull { return }
            try machineStep()
        }
        throw Failure(.stuck, "the machines do not come to rest")
    }

    /// Whether a place may refuse to park a batch.
    private var isFull: Bool {
        [world.outbox.parking, world.view.parking].contains { $0.rows.count + world.scenario.batchLimit > $0.limit }
    }

    private var isQuiet: Bool {
        relay.isIdle && delivery.isIdle && !world.outbox.hasPending && world.view.cursor == world.broker.last
    }

    private func checkParked() throws {
        if isQuiet, let row = world.view.parking.rows.first(where: { $0.nextAttempt != nil }) {
            throw Failure(.forgottenRetry, "#\(row.number) is to be tried again, and the machine waits for nothing")
        }
        for parking in [world.outbox.parking, world.view.parking] {
            for head in parking.heads where !head.hasReason && !admin.abandonedKeys.contains(head.key) {
                throw Failure(.waitsBehindNobody, "#\(head.number)")
            }
        }
    }
}
