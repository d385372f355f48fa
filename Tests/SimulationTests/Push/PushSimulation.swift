import FleetCore
import Parking
import Push

/// One run: a stream is pushed in a storm; then calm, and the judge.
struct PushSimulation {
    let world: PushWorld
    private(set) var failure: Failure?

    /// Runs a seed; the same seed takes the same steps.
    init(seed: Int, bug: PushBug? = nil, isTracing: Bool = false) {
        world = PushWorld(seed: seed, bug: bug, isTracing: isTracing)
        do {
            try run()
        } catch let error as Failure {
            failure = error
        } catch {
            failure = Failure(.stuck, "an error that nobody expects: \(error)")
        }
    }

    /// What somebody needs who is to find out why a seed fails.
    static func report(seed: Int) -> String {
        let run = PushSimulation(seed: seed, isTracing: true)
        return "seed \(seed):\n\(run.trace)"
    }

    private var trace: String { world.trace.joined(separator: "\n") + "\n\(failure.map { "\($0)" } ?? "no failure")" }

    private func run() throws {
        let driver = try PushDriver(world)
        for _ in 0..<world.random.between(50, 1500) { try stormStep(driver) }
        world.note("calm")
        world.isCalm = true
        world.isUp = [true, true]
        for _ in 0..<(world.scenario.events + 4) {
            try drain(driver)
            if world.parked.isEmpty { return try world.checkNothingIsLost() }
            try settleEverything()
        }
        throw Failure(.stuck, "events are still parked after an operator settled them again and again")
    }

    private func stormStep(_ driver: PushDriver) throws {
        world.now = world.now.advanced(by: .milliseconds(world.random.below(3)))
        if world.random.below(1000) < world.scenario.crashesPerThousand { return try driver.crash() }
        if world.random.below(1000) < world.scenario.outagesPerThousand {
            world.isUp[world.random.below(2)].toggle()
            world.count("outage")
        }
        if world.random.chance(world.scenario.operatorPercent) { try retryOrDiscard() }
        try driver.advance(world.random.below(driver.work.count), isHasty: world.random.chance(50))
    }

    /// Lets the machine work until nothing is left to do, or only an operator can help.
    private func drain(_ driver: PushDriver) throws {
        for step in 0..<(2000 + 200 * world.scenario.events) {
            if step % 4 == 0, driver.isIdle, world.cursor == world.last { return }
            // Without traffic nobody knows whose fault it is that an event fails: nothing is poison any more in the calm.
            try driver.advance(world.random.below(driver.work.count), isHasty: true)
        }
        throw Failure(.stuck, "the machine does not come to rest")
    }

    // MARK: The operator

    private func retryOrDiscard() throws {
        guard let row = world.parked.randomElement(using: &world.random) else { return }
        if world.random.chance(50) { return try retry(world.key(row)) }
        guard row.reason != nil, row.sequence == world.head(of: world.key(row))?.sequence else { return }
        world.note("operator discards \(row.number)")
        world.count("operator discard")
        world.discard(row)
        try retry(world.key(row))
    }

    private func settleEverything() throws {
        for key in world.heldKeys.sorted() {
            try retry(key)
            // What is still refused goes.
            if let head = world.head(of: key) {
                world.discard(head)
                try retry(key)
            }
        }
    }

    /// As `ParkedPush` does it.
    private func retry(_ key: String) throws {
        world.count("operator retry")
        while let head = world.head(of: key) {
            let event = world.parkedEvent(head)
            let (status, isLost) = try world.receive(event.event, at: PushWorld.routes[event.event.type] ?? 0)
            if status != 200 || isLost {
                world.change(head.sequence) { row in
                    row.reason = "\(status)"
                    row.nextAttempt = nil
                }
                return
            }
            world.remove(head.sequence)
        }
    }
}
