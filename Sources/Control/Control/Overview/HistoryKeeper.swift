import FleetCore
import FleetFile
import Foundation
import Logging
import Objectives
import Overview

/// Adds what was seen to a fleet's history, notices what happens, and keeps both in a file.
struct HistoryKeeper: Sendable {
    private let board: OverviewBoard
    private let schemas: SchemaBoard
    private let logger: Logger
    /// `nil` where it cannot be used; what is kept is kept in memory then.
    private var file: HistoryFile?
    private var moments: [FleetMoment] = []
    private var sparks: [String: Sparkline] = [:]
    private var troubles: Set<FleetOverview.Trouble>?
    private var paused: Set<String>?
    private var burning: Set<String>?
    /// Of each store that has told it, whether its server is a standby.
    private var standbys: [String: Bool] = [:]
    private var folding = MomentFolding()
    private var anomalies: [Anomaly] = []

    private static let day = 86_400.0

    init(_ fleet: FleetDefinition, board: OverviewBoard, schemas: SchemaBoard, logger: Logger) async {
        self.board = board
        self.schemas = schemas
        self.logger = logger
        do {
            let file = try await HistoryFile(of: fleet, isMade: true)
            self.file = file
            var known = try await file.read()
            // Of what a fleet does not have any more no history is shown: it would take the room of others.
            if known.forget(allBut: Self.names(of: fleet)) { try await file.replace(with: known) }
            board.update { [known] history in history = known }
            moments = try await file.moments(since: Self.now - Self.day)
            folding = MomentFolding(moments)
            try await file.forgetSchemas(butOf: fleet)
        } catch {
            tell(error)
            file?.close()
            file = nil
        }
        schemas.open(file)
    }

    private static var now: Double { Date().timeIntervalSince1970 }

    private func tell(_ error: any Error) {
        logger.warning("the history of the fleet is not kept across restarts: \(FleetError.wrapping(error))")
    }

    // MARK: What happens

    mutating func begin(predecessor: String?, version: String) async {
        let name = FleetHolder.shortName
        let carries = "\(name) carries the fleet with flotilla \(version)"
        await note([
            predecessor.map { FleetMoment(at: Self.now, kind: .takeover, text: "\(carries), and took over from \($0)") }
                ?? FleetMoment(at: Self.now, kind: .start, text: carries)
        ])
    }

    mutating func end() async {
        schemas.close()
        await note([FleetMoment(at: Self.now, kind: .stop, text: "\(FleetHolder.shortName) has stopped")])
        file?.close()
    }

    /// Notices what came and went since the overview before.
    mutating func note(_ overview: FleetOverview) async {
        var new = schemas.takeMoments()
        let now = overview.at
        let troubles = Set(overview.troubles.filter { !$0.reason.hasPrefix("it was not looked at yet") })
        if let known = self.troubles {
            let (before, after) = (Set(known.map(\.part)), Set(troubles.map(\.part)))
            for trouble in troubles.sorted(by: { $0.part < $1.part }) where !before.contains(trouble.part) {
                new.append(FleetMoment(at: now, kind: .trouble, subject: trouble.part, text: trouble.reason))
            }
            for part in before.subtracting(after).sorted() {
                new.append(FleetMoment(at: now, kind: .recovery, subject: part, text: "\(part) is well again"))
            }
        }
        self.troubles = troubles
        let paused = Set(
            overview.streams.filter(\.isPaused).map(\.service) + overview.readers.filter(\.isPaused).map(\.name))
        if let known = self.paused {
            for subject in paused.subtracting(known).sorted() {
                new.append(FleetMoment(at: now, kind: .pause, subject: subject, text: "\(subject) is paused"))
            }
            for subject in known.subtracting(paused).sorted() {
                new.append(FleetMoment(at: now, kind: .resume, subject: subject, text: "\(subject) goes on"))
            }
        }
        self.paused = paused
        new += changes(of: overview.objectives, at: now)
        new += failovers(of: overview.stores, at: now)
        if !new.isEmpty { await note(new) }
    }

    /// Which objectives have begun to spend their budgets too fast, and which do not any more.
    private mutating func changes(of objectives: [ObjectiveReading], at now: Double) -> [FleetMoment] {
        let told = objectives.filter { $0.state == .burning || $0.state == .breached }
        let names = Set(told.map(\.name))
        defer { if !objectives.isEmpty { burning = names } }
        guard let known = burning, !objectives.isEmpty else { return [] }
        let begun = told.filter { !known.contains($0.name) }.map { one in
            FleetMoment(
                at: now, kind: .alert, subject: "objective \(one.name)",
                text: "objective \(one.name): \(one.reason ?? one.state.rawValue)")
        }
        return begun
            + known.subtracting(names).sorted().map {
                FleetMoment(at: now, kind: .resolved, subject: "objective \($0)", text: "objective \($0) is well again")
            }
    }

    /// Which stores' servers are a primary or a standby, and were not when they told of it last.
    private mutating func failovers(of stores: [FleetOverview.Store], at now: Double) -> [FleetMoment] {
        var new: [FleetMoment] = []
        for store in stores.sorted(by: { $0.name < $1.name }) {
            guard let isStandby = store.isStandby else { continue }
            if let was = standbys.updateValue(isStandby, forKey: store.name), was != isStandby {
                let (before, after) = isStandby ? ("primary", "standby") : ("standby", "primary")
                let text = "the server of \(store.name) was a \(before), and is a \(after) now"
                new.append(FleetMoment(at: now, kind: .failover, subject: store.name, text: text))
            }
        }
        return new
    }

    private mutating func note(_ new: [FleetMoment]) async {
        var (told, replaced): ([FleetMoment], [FleetMoment]) = ([], [])
        for moment in new {
            let (folded, before) = folding.fold(moment)
            told.append(folded)
            if let before { replaced.append(before) }
        }
        moments = FleetMoment.shown(moments.filter { !replaced.contains($0) } + told)
        do {
            try await file?.note(told, replacing: replaced)
        } catch {
            drop(error)
        }
    }

    private mutating func drop(_ error: any Error) {
        // Whoever is told to end leaves the file as it is, to be ended in order.
        if Task.isCancelled { return }
        tell(error)
        schemas.open(nil)
        file?.close()
        file = nil
    }

    // MARK: What is measured

    /// What is kept of an overview: of each thing the numbers of a point.
    private static func numbers(of overview: FleetOverview) -> [String: [Float]] {
        var numbers: [String: [Float]] = [:]
        func add(_ name: String, _ values: Double?...) { numbers[name] = values.map { $0.map { Float($0) } ?? .nan } }
        for store in overview.stores {
            add("store \(store.name)", store.operations, store.p50, store.p99, store.saturation, nil, store.errors)
        }
        for stream in overview.streams {
            add(
                "stream \(stream.name)", stream.rate, stream.p50, stream.p99, stream.age, stream.depth.map(Double.init),
                Double(stream.parked))
        }
        for reader in overview.readers {
            add(
                "reader \(reader.name) \(reader.stream)", reader.rate, reader.p50, reader.p99, reader.age,
                reader.lag.map(Double.init), Double(reader.parked))
        }
        return numbers
    }

    /// The names of all of which a fleet has a history.
    private static func names(of fleet: FleetDefinition) -> Set<String> {
        var overview = FleetOverview(
            fleet: fleet.name.text, broker: fleet.broker.engine, version: "", at: 0, isCarried: true)
        OverviewBuilder(fleet, SlotOwners(fleet), OverviewReadings([]), OverviewSampler.Rates()).fill(&overview)
        return Set(numbers(of: overview).keys)
    }

    mutating func keep(_ overview: FleetOverview) async {
        let numbers = Self.numbers(of: overview)
        let now = Int(overview.at)
        let (points, names, sparks, anomalies) = board.update { history in
            let points = history.add(at: now, numbers)
            let sparks = overview.stores.map { store in
                (
                    store.name,
                    Sparkline(
                        low: history.values(of: "store \(store.name)", .p50, .hour, at: now),
                        high: history.values(of: "store \(store.name)", .p99, .hour, at: now))
                )
            }
            return (points, history.names, sparks, history.anomalies(at: now))
        }
        self.anomalies = anomalies
        self.sparks = Dictionary(sparks.compactMap { name, spark in spark.map { (name, $0) } }) { $1 }
        do {
            try await file?.keep(points, names: names)
            // Another process may have noted what it did.
            if let file { moments = try await file.moments(since: Self.now - Self.day) }
        } catch {
            drop(error)
        }
    }

    /// Adds what is known of the past.
    func complete(_ overview: inout FleetOverview) {
        for index in overview.stores.indices { overview.stores[index].spark = sparks[overview.stores[index].name] }
        overview.anomalies = anomalies
        overview.moments = moments.filter { $0.at > overview.at - Self.day }
    }
}
