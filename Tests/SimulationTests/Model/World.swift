import FleetCore
import Relay
import TestKit

/// Everything that outlives the process, and the chance and time that everything shares.
final class World {
    let scenario: Scenario
    let bug: PlantedBug?
    let ledger: Ledger
    let outbox: ModelOutbox
    let broker: ModelBroker
    let view: ModelView
    var random: RandomSource
    var now = Timestamp(microseconds: 1_000_000)
    /// In percent; 0 once the storm is over.
    var faultPercent: Int
    /// What the service is said to publish; a later deployment may add to it.
    private(set) var contract = RelayContract(service: World.service) { $0 != "Unlisted" }
    /// What happened how often.
    var counts: [Occurrence: Int] = [:]
    private let isTracing: Bool
    private(set) var trace: [String] = []

    static let service = ServiceName(unchecked: "writer")

    init(seed: Int, bug: PlantedBug?, isTracing: Bool) {
        random = RandomSource(seed: seed)
        scenario = Scenario(using: &random)
        self.bug = bug
        self.isTracing = isTracing
        ledger = Ledger(keys: scenario.keys)
        outbox = ModelOutbox(ledger: ledger, scenario: scenario, bug: bug)
        broker = ModelBroker(ledger: ledger, scenario: scenario, bug: bug)
        view = ModelView(ledger: ledger, scenario: scenario, bug: bug)
        faultPercent = scenario.faultPercent
        let (outbox, view) = (outbox, view)
        ledger.isParked = { [unowned outbox, unowned view] number in
            outbox.parking.contains(number) || view.parking.contains(number)
        }
    }

    func mendContract() {
        contract = RelayContract(service: Self.service) { _ in true }
    }

    func note(_ text: @autoclosure () -> String) {
        if isTracing { trace.append("\(now.microseconds / 1000) ms  \(text())") }
    }

    func count(_ occurrence: Occurrence) {
        counts[occurrence, default: 0] += 1
    }
}

/// What a simulation must have seen now and then, or it shows nothing.
enum Occurrence: String, CaseIterable {
    case crash, reopening, conflict, lostAcknowledgement, carefulApply, automaticRetry, operatorRetry, operatorDiscard
    case steering, abandonedErrand, rollback, brokerFull, parkingFull, mendedContract
}
