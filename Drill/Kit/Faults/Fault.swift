/// Something that a drill does to its fleet.
public struct Fault: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case killInstance = "kill -9 of a run"
        case killEveryInstance = "kill -9 of every run"
        case pauseInstance = "pause of a run"
        case restartInstance = "restarts of a run in quick succession"
        case moveClock = "restart of a run with another clock"
        case crashPostgres = "crash of PostgreSQL"
        case pausePostgres = "pause of PostgreSQL"
        case killBackend = "kill -9 of a PostgreSQL backend"
        case terminateBackends = "end of every PostgreSQL session of Flotilla"
        case cutWire = "cut wire"
        case resetWire = "reset wire"
        case deadWire = "wire that is dead both ways"
        case deadToServer = "wire that is dead to the server"
        case deadFromServer = "wire that is dead from the server"
        case slowWire = "slow wire"
        case cutCommits = "cut wire in each commit"
        case fillDisk = "full disk of the broker"
        case lockBroker = "embedded broker's files locked by another process"
        case killBroker = "kill -9 of a broker's server"
        case killEveryBroker = "kill -9 of every server of the broker"
        case pauseBroker = "pause of a broker's server"

        /// What it is done to; two faults at the same time must not share it.
        public var victim: Victim {
            switch self {
            case .killInstance, .killEveryInstance, .pauseInstance, .restartInstance, .moveClock: .instances
            case .crashPostgres, .pausePostgres, .killBackend, .terminateBackends: .postgres
            case .cutWire, .resetWire, .deadWire, .deadToServer, .deadFromServer, .slowWire, .cutCommits: .wire
            case .fillDisk, .lockBroker, .killBroker, .killEveryBroker, .pauseBroker: .broker
            }
        }

        /// How long it lasts, in milliseconds.
        var lengths: ClosedRange<Int> {
            switch self {
            case .killInstance, .killEveryInstance: 50...3_000
            // A lease of the fleet lasts three seconds: some pauses are longer.
            case .pauseInstance: 200...6_000
            case .restartInstance: 1_000...3_000
            case .crashPostgres, .pausePostgres: 200...4_000
            case .deadWire, .deadToServer, .deadFromServer, .slowWire: 500...6_000
            case .cutCommits: 500...2_000
            case .fillDisk, .lockBroker: 1_000...5_000
            case .killBroker, .killEveryBroker, .pauseBroker: 200...5_000
            case .moveClock, .killBackend, .terminateBackends, .cutWire, .resetWire: 0...500
            }
        }
    }

    public enum Victim: Sendable { case instances, postgres, wire, broker }

    public var kind: Kind
    /// Which of several: a number to be taken modulo how many there are.
    public var choice: Int
    /// How long after the step's beginning, in milliseconds.
    public var delay: Int
    /// In milliseconds.
    public var length: Int

    public init(_ kind: Kind, choice: Int, delay: Int = 0, length: Int) {
        self.kind = kind
        self.choice = choice
        self.delay = delay
        self.length = length
    }
}
