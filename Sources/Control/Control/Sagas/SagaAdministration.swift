import FleetCore
public import FleetFile
public import SagaModel
public import Sagas
import Stores

/// What operators see of a fleet's sagas, and tell them. It works on the journals, whether the fleet runs or not; what they
/// tell is acted on by whoever carries the fleet.
public struct SagaAdministration: Sendable {
    /// A saga with what its definition says.
    public struct Report: Sendable {
        public var entry: SagaEntry
        public var definition: SagaDefinition
        public var status: SagaStatus { SagaStatus(entry.state) }

        /// What stands beside a step: what an operator said of it, why it failed, or what it waits for and until when.
        public func remark(on run: SagaStepState) -> String? {
            run.forward.remark ?? run.forward.failure?.description ?? wait(of: run)
        }

        private func wait(of run: SagaStepState) -> String? {
            guard run.forward.status == .running, entry.state.outcome == nil,
                let activity = definition.allSteps.first(where: { $0.name == run.id.name })?.activity
            else { return nil }
            let until = run.forward.due.map { ", until \($0)" } ?? ""
            switch activity {
            case .decision(let decision):
                let otherwise = decision.otherwise.map { "; then it is \($0)" } ?? ""
                return "waits for a decision, \(decision.options.joined(separator: " or "))\(until)\(otherwise)"
            case .event(let awaited): return "waits for \(awaited.event)\(until)"
            case .command(let command): return "waits for \(command.reply)\(until)"
            case .timer: return "waits\(until.dropFirst())"
            case .http, .sql, .local: return nil
            }
        }
    }

    /// What became of an operator's word.
    public struct Outcome: Sendable {
        /// `nil` where nobody carries the fleet: it is acted on once somebody does.
        public var after: Report?
        /// What the saga refused, or noted, in answer.
        public var notes: [SagaNote]
    }

    private let fleet: FleetDefinition
    private let places: [SagaPlace]

    public init(_ fleet: FleetDefinition) {
        self.fleet = fleet
        places = fleet.sagaPlaces
    }

    /// How long an answer of whoever carries the fleet is waited for.
    private static let patience = Duration.seconds(10)

    // MARK: Looking

    /// The youngest first.
    public func list(saga: String?, status: SagaStatus?, limit: Int) async throws -> [SagaSummary] {
        var found: [SagaSummary] = []
        for place in places {
            found += try await read(place) {
                try $0.list(saga: saga, status: status, limit: limit, in: $1)
            }
        }
        // Sagas that the file does not declare any more are there as long as their journal is.
        for place in fleet.formerSagaPlaces {
            let former = try? await read(place) { try $0.list(saga: saga, status: status, limit: limit, in: $1) }
            found += former ?? []
        }
        if let saga, found.isEmpty { _ = try declaration(saga) }
        return Array(found.sorted { ($1.startedAt, $0.id) < ($0.startedAt, $1.id) }.prefix(limit))
    }

    /// What matched no saga, the youngest first.
    public func strays(limit: Int) async throws -> [SagaStray] {
        var found: [SagaStray] = []
        for place in places { found += try await read(place) { try $0.strays(limit: limit, in: $1) } }
        return Array(found.sorted { $1.at < $0.at }.prefix(limit))
    }

    /// - Throws: `invalidInput` where there is no such saga.
    public func show(_ id: String) async throws -> Report { try await find(id).report }

    /// The saga as a state machine of the Amazon States Language, and what that cannot say.
    public func export(_ name: String) throws -> (text: String, remarks: [String]) {
        let export = SagaExport(asl: try declaration(name).definition)
        return (export.text, export.remarks)
    }

    // MARK: Acting

    /// Starts a saga.
    /// - Returns: its id, and whether it is begun: not where nobody carries the fleet. One that is there already stays as it is.
    /// - Throws: `invalidInput`, also where the data are not what the saga needs.
    public func start(_ name: String, id: String?, data: String) async throws -> (id: String, isBegun: Bool) {
        let saga = try declaration(name)
        try Self.check(id: id, data: data)
        let full = "\(name)/\(id ?? EventID.make().description)"
        guard let place = places.first(where: { $0.sagas.contains { $0.definition.name == saga.definition.name } })
        else { throw FleetError(.bug, "the saga \(name) has no journal") }
        let message = try await post(.start(saga: name, id: full, data: data), to: place)
        guard try await isTaken(message, at: place) else { return (full, false) }
        let journal = place.journal(of: fleet.name)
        if try await read(place, { _, transaction in try journal.entry(full, in: transaction) != nil }) {
            return (full, true)
        }
        let why = try await strays(limit: 1).first?.note
        throw FleetError(
            .invalidInput, "\(full) was not started\(why.map { ": \($0)" } ?? "")",
            remedy: "give it the data that it needs")
    }

    private static let longestID = 200

    private static func check(id: String?, data: String) throws(FleetError) {
        let remedy = "quote it for the shell: --data '{\"a\": 1}'"
        do {
            try JSONDocument.validate(Array(data.utf8))
        } catch {
            throw FleetError(.invalidInput, "--data is not JSON: \(error)", remedy: remedy)
        }
        guard data.first(where: { !$0.isWhitespace }) == "{" else {
            throw FleetError(.invalidInput, "--data is no JSON object", remedy: remedy)
        }
        guard let id else { return }
        let isPlain = !id.isEmpty && id.utf8.count <= longestID && !id.unicodeScalars.contains { $0.value <= 0x20 }
        if !isPlain {
            throw FleetError(
                .invalidInput, "--id is empty, longer than \(longestID) bytes, or has white space in it",
                remedy: "give one that tells what the saga is about, or leave it out")
        }
    }

    public func cancel(_ id: String, reason: String) async throws -> Outcome {
        try await tell(id) { .cancel(saga: $0.entry.state.id, reason: reason) }
    }

    /// Has parked steps tried again: one, or all.
    public func retry(_ id: String, step: String?) async throws -> Outcome {
        let (_, report) = try await find(id)
        let steps = try step.map { [try self.step($0, of: report)] } ?? report.entry.state.parked.map(\.id)
        guard let last = steps.last else {
            throw FleetError(.invalidInput, "nothing of \(report.entry.state.id) is parked", remedy: "nothing to do")
        }
        for step in steps.dropLast() { _ = try await tell(id) { .retry(saga: $0.entry.state.id, step: step) } }
        return try await tell(id) { .retry(saga: $0.entry.state.id, step: last) }
    }

    public func skip(_ id: String, step: String, reason: String) async throws -> Outcome {
        try await tell(id) { report in
            .skip(saga: report.entry.state.id, step: try self.step(step, of: report), reason: reason)
        }
    }

    /// - Parameter reply: a JSON text where the step was done; `nil` where it was not.
    public func resolve(_ id: String, step: String, reply: String?, reason: String) async throws -> Outcome {
        try await tell(id) { report in
            let step = try self.step(step, of: report)
            guard let reply else { return .resolveNotDone(saga: report.entry.state.id, step: step, reason: reason) }
            return .resolveDone(saga: report.entry.state.id, step: step, reply: reply, reason: reason)
        }
    }

    /// Takes a decision that a step waits for.
    public func decide(_ id: String, step: String, option: String, by: String) async throws -> Outcome {
        try await tell(id) { report in
            let step = try self.step(step, of: report)
            guard
                case .decision(let decision)? = report.definition.allSteps.first(where: { $0.name == step.name })?
                    .activity
            else {
                throw FleetError(
                    .invalidInput, "\(step) of \(report.entry.state.id) is no decision",
                    remedy: "see `flotilla sagas show \(report.entry.state.id)`")
            }
            guard decision.options.contains(option) else {
                throw FleetError(
                    .invalidInput, "\(option) is no option of \(step)",
                    remedy: "it has \(decision.options.joined(separator: ", "))")
            }
            return .decide(saga: report.entry.state.id, step: step, option: option, by: by)
        }
    }

    // MARK: Finding

    private func declaration(_ name: String) throws -> SagaDeclaration {
        if let found = fleet.sagas.first(where: { $0.definition.name.text == name }) { return found }
        let known = fleet.sagas.map(\.definition.name.text)
        let nearest = NearestName.of(name, in: known).map { "did you mean \($0)?" }
        throw FleetError(
            .invalidInput, "\(fleet.file) has no saga \(name)",
            remedy: nearest ?? (known.isEmpty ? "it declares none" : "it has \(known.joined(separator: ", "))"))
    }

    /// Finds a saga by its id, or by the last part of it.
    private func find(_ id: String) async throws -> (place: SagaPlace, report: Report) {
        let names = id.contains("/") ? [id] : fleet.sagas.map { "\($0.definition.name)/\(id)" } + [id]
        for place in places {
            if let report = try await report(names, at: place) { return (place, report) }
        }
        for place in fleet.formerSagaPlaces {
            if let report = try? await report(names, at: place) { return (place, report) }
        }
        throw FleetError(
            .invalidInput, "there is no saga \(id)",
            remedy: places.isEmpty ? "\(fleet.file) declares no sagas" : "`flotilla sagas list` shows them")
    }

    private func report(_ names: [String], at place: SagaPlace) async throws -> Report? {
        try await read(place) { journal, transaction in
            for name in names {
                guard let entry = try journal.entry(name, in: transaction) else { continue }
                let definition = try journal.definition(
                    of: entry.state.saga, version: entry.version, in: transaction)
                return Report(entry: entry, definition: definition)
            }
            return nil
        }
    }

    private func step(_ text: String, of report: Report) throws -> SagaStepID {
        let known = report.entry.state.runs.all.map(\.id)
        if let step = known.first(where: { $0.description == text }) { return step }
        let names = known.map(\.description)
        throw FleetError(
            .invalidInput, "\(report.entry.state.id) has not come to a step \(text)",
            remedy: NearestName.of(text, in: names).map { "did you mean \($0)?" }
                ?? "it has come to \(names.joined(separator: ", "))")
    }

    private func read<Result: Sendable>(
        _ place: SagaPlace,
        _ body: @escaping @Sendable (SagaJournal, any StoreTransaction) throws -> Result
    ) async throws -> Result {
        let journal = place.journal(of: fleet.name)
        do {
            return try await Connectors.withStore(of: place.host) { store in
                try await store.read { try body(journal, $0) }
            }
        } catch let error as FleetError where error.code == .missing || error.code == .statement {
            throw FleetError(
                .notApplied, "the journal of \(place.name) is not set up yet",
                remedy: "run `flotilla apply \(fleet.file)` first", underlying: error.description)
        }
    }

    // MARK: Telling

    private func tell(
        _ id: String, _ message: (Report) throws -> SagaMessage
    ) async throws -> Outcome {
        let (place, before) = try await find(id)
        let posted = try await post(try message(before), to: place)
        let saga = before.entry.state.id
        guard try await isTaken(posted, at: place),
            let entry = try await read(place, { try $0.entry(saga, in: $1) })
        else { return Outcome(after: nil, notes: []) }
        let new = entry.state.noteCount - before.entry.state.noteCount
        return Outcome(
            after: Report(entry: entry, definition: before.definition),
            notes: new > 0 ? Array(entry.state.notes.suffix(new)) : [])
    }

    /// Waits until a message was acted on.
    /// - Returns: `false` where nobody does.
    private func isTaken(_ message: String, at place: SagaPlace) async throws -> Bool {
        let journal = place.journal(of: fleet.name)
        return try await Connectors.withStore(of: place.host) { store in
            var time = WaitingTime(Self.patience)
            while !time.isOver() {
                if try await !store.read({ try journal.isWaiting(message, in: $0) }) { return true }
                if try await store.read({ try journal.owner(at: .now(), in: $0) }) == nil { return false }
                try await Task.sleep(for: .milliseconds(20))
            }
            return false
        }
    }

    @discardableResult
    private func post(_ message: SagaMessage, to place: SagaPlace) async throws -> String {
        let journal = place.journal(of: fleet.name)
        return try await Connectors.withStore(of: place.host) { store in
            try await store.write { try journal.post(message, in: $0) }
        }
    }
}
