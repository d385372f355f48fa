public import Objectives

/// A fleet at a glance: what an operator sees on one screen.
///
/// Times are seconds since 1970, spans are seconds. What is not known, or what there is none of, is left out.
public struct FleetOverview: Codable, Sendable {
    public var fleet: String
    public var broker: String
    public var version: String
    /// When this was so.
    public var at: Double
    /// Whether the process that tells this carries the fleet; `top` tells it of whoever does.
    public var isCarried: Bool
    /// Who carries it, for people; what it waits for where nobody does.
    public var carrier: String?
    /// Why it is not as it should be.
    public var troubles: [Trouble] = []
    /// Worst first.
    public var stores: [Store] = []
    /// Worst first.
    public var streams: [Stream] = []
    /// Views, and others that read streams; worst first.
    public var readers: [Reader] = []
    public var sagas: [Sagas] = []
    public var flows: [Flow] = []
    /// How late what is: the worst of each kind in the fleet.
    public var strip: [Lag] = []
    /// What will break if nobody does anything; worst first.
    public var bombs: [Bomb] = []
    /// In the order of the file.
    public var objectives: [ObjectiveReading] = []
    /// What takes longer than usual, at the same traffic.
    public var anomalies: [Anomaly] = []
    /// The youngest last.
    public var moments: [FleetMoment] = []

    public init(fleet: String, broker: String, version: String, at: Double, isCarried: Bool, carrier: String? = nil) {
        self.fleet = fleet
        self.broker = broker
        self.version = version
        self.at = at
        self.isCarried = isCarried
        self.carrier = carrier
    }

    /// Something that stands in the way.
    public struct Trouble: Codable, Sendable, Hashable {
        /// `store orders`, `orders outbox`.
        public var part: String
        public var reason: String

        public init(part: String, reason: String) {
            self.part = part
            self.reason = reason
        }
    }

    /// How a row is.
    public enum Level: String, Codable, Sendable, Comparable, CaseIterable {
        case good, paused, warning, bad

        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// A service's store.
    public struct Store: Codable, Sendable {
        public var name: String
        /// `sqlite`, `postgresql`.
        public var engine: String
        /// What it does in the fleet: `publishes`, `reads`.
        public var role: String
        public var level = Level.good
        /// Why it is not good.
        public var why: [String] = []
        /// Operations a second: the server's transactions, else Flotilla's own.
        public var operations: Double?
        /// Whether ``operations`` are those of all who use the store.
        public var isServerCount = false
        /// Flotilla's own transactions in it, in seconds.
        public var p50: Double?
        public var p99: Double?
        /// The last hour of p50 and p99, after ``Sparkline``.
        public var spark: Sparkline?
        /// Failures a minute.
        public var errors: Double?
        /// From 0 to 1: how much of what it is shortest of is taken.
        public var saturation: Double?
        /// Of what: `12 of 100 connections`.
        public var saturationOf: String?
        /// Whether its server is a standby; `nil` where that is not known, or there is no such thing.
        public var isStandby: Bool?

        public init(name: String, engine: String, role: String) {
            self.name = name
            self.engine = engine
            self.role = role
        }
    }

    /// A publishing service's outbox and stream.
    public struct Stream: Codable, Sendable {
        public var service: String
        public var name: String
        public var level = Level.good
        public var why: [String] = []
        public var records: Int?
        public var bytes: Int?
        /// Events a second into the broker.
        public var rate: Double?
        /// Events in the outbox that are not settled.
        public var depth: Int?
        /// The age of the oldest of them.
        public var age: Double?
        /// From the commit until the event is durable in the broker.
        public var p50: Double?
        public var p99: Double?
        public var parked = 0
        public var waiting = 0
        public var isPaused = false

        public init(service: String, name: String) {
            self.service = service
            self.name = name
        }
    }

    /// A view, or another subscription, and one stream that it reads.
    public struct Reader: Codable, Sendable {
        public enum Kind: String, Codable, Sendable { case view, push, consumer, flow, sagas }
        /// `orders.order_lines`.
        public var name: String
        public var service: String
        public var kind: Kind
        public var stream: String
        /// Whose stream it is.
        public var source: String
        public var level = Level.good
        public var why: [String] = []
        /// Events a second.
        public var rate: Double?
        /// Records that it has still to take.
        public var lag: Int?
        /// The age of the oldest of them.
        public var age: Double?
        /// End to end: from the commit until the event is in effect.
        public var p50: Double?
        public var p99: Double?
        public var parked = 0
        public var retrying = 0
        public var waiting = 0
        public var isPaused = false
        /// Whether a circuit breaker keeps requests from an endpoint.
        public var isBroken = false

        public init(name: String, service: String, kind: Kind, stream: String, source: String) {
            self.name = name
            self.service = service
            self.kind = kind
            self.stream = stream
            self.source = source
        }
    }

    /// The sagas of one name.
    public struct Sagas: Codable, Sendable {
        public var name: String
        public var level = Level.good
        public var running: Int
        public var compensating: Int
        /// Those of which nothing goes on without an operator.
        public var stuck: Int
        public var completed: Int
        public var compensated: Int
        public var rejected: Int
        public var error: String?

        public init(
            name: String, running: Int, compensating: Int, stuck: Int, completed: Int, compensated: Int, rejected: Int,
            error: String?
        ) {
            self.name = name
            self.running = running
            self.compensating = compensating
            self.stuck = stuck
            self.completed = completed
            self.compensated = compensated
            self.rejected = rejected
            self.error = error
        }
    }

    /// The runs of a flow.
    public struct Flow: Codable, Sendable {
        public var name: String
        public var level = Level.good
        public var running: Int
        public var stuck: Int
        public var ended: Int
        public var failed: Int
        public var outOfOrder: Int
        public var late: Int
        public var error: String?

        public init(
            name: String, running: Int, stuck: Int, ended: Int, failed: Int, outOfOrder: Int, late: Int, error: String?
        ) {
            self.name = name
            self.running = running
            self.stuck = stuck
            self.ended = ended
            self.failed = failed
            self.outOfOrder = outOfOrder
            self.late = late
            self.error = error
        }
    }

    /// The worst of one kind of lateness.
    public struct Lag: Codable, Sendable {
        public enum Unit: String, Codable, Sendable { case seconds, events, bytes, things }
        /// `outbox age`.
        public var what: String
        public var value: Double?
        public var unit: Unit
        public var level: Level
        /// Where it is so bad.
        public var of: String?

        public init(what: String, value: Double?, unit: Unit, level: Level, of: String?) {
            self.what = what
            self.value = value
            self.unit = unit
            self.level = level
            self.of = of
        }
    }

    /// Something that gets worse by itself, until it breaks.
    public struct Bomb: Codable, Sendable {
        /// `transaction id age`.
        public var what: String
        /// Whose.
        public var of: String
        public var value: Double
        public var unit: Lag.Unit
        /// Where it breaks; `nil` where there is no such place.
        public var limit: Double?
        public var level: Level
        /// What to do.
        public var cure: String

        public init(
            what: String, of: String, value: Double, unit: Lag.Unit, limit: Double?, level: Level, cure: String
        ) {
            self.what = what
            self.of = of
            self.value = value
            self.unit = unit
            self.limit = limit
            self.level = level
            self.cure = cure
        }
    }
}

/// Something that happened to a fleet.
public struct FleetMoment: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case start, takeover, stop, apply, pause, resume
        /// A part is not as it should be; it is well again.
        case trouble, recovery
        /// An objective spends its budget too fast; it does not any more.
        case alert, resolved
        /// A store's server was a primary and is a standby now, or the other way around.
        case failover
        /// Tables of a service's store were changed, and not by `apply`.
        case schema
        /// Noted by somebody else: a deployment, say.
        case note
    }

    /// When; the last time, where it happened again and again.
    public var at: Double
    public var kind: Kind
    /// Which part; empty for the fleet.
    public var subject: String
    public var text: String
    /// How often it happened, and when for the first time, where that was more than once.
    public var count: Int?
    public var since: Double?

    public init(
        at: Double, kind: Kind, subject: String = "", text: String, count: Int? = nil, since: Double? = nil
    ) {
        self.at = at
        self.kind = kind
        self.subject = subject
        self.text = text
        self.count = count
        self.since = since
    }
}

extension FleetOverview {
    /// The worst of all rows.
    public var level: Level {
        let rows = stores.map(\.level) + streams.map(\.level) + readers.map(\.level) + sagas.map(\.level)
        let isBreached = objectives.contains { $0.state == .breached }
        return max(
            isBreached ? .bad : rows.max() ?? .good, flows.map(\.level).max() ?? .good,
            bombs.map(\.level).max() ?? .good,
            troubles.isEmpty ? .good : .bad)
    }

    /// How many events need an operator.
    public var parked: Int { streams.map(\.parked).reduce(0, +) + readers.map(\.parked).reduce(0, +) }
}

extension Int {
    /// A count that somebody else tells: what is no number is 0, and what is beyond all counts the largest of those that a
    /// double tells exactly.
    public init(told number: Double) {
        self = number.isNaN ? 0 : Int(Swift.min(Swift.max(number, -0x1p53), 0x1p53))
    }
}

extension Double {
    /// With four digits: more is noise on a screen, and bytes on a wire.
    public var rounded4: Double {
        guard isFinite, self != 0 else { return self == 0 ? 0 : self }
        var (scaled, power) = (abs(self), 1.0)
        while scaled >= 10_000 { (scaled, power) = (scaled / 10, power * 10) }
        if power > 1 { return (self / power).rounded() * power }
        while scaled < 1000 && power < 1e9 { (scaled, power) = (scaled * 10, power * 10) }
        return (self * power).rounded() / power
    }
}
