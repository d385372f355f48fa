import FleetCore
public import FleetFile
import Inbox
import Stores

/// Pauses parts of a fleet, and has them go on, whether the fleet runs or not.
public struct FlowAdministration: Sendable {
    /// What became of a request.
    public struct Outcome: Sendable {
        /// `orders`, or `orders.order_lines`.
        public var subject: String
        /// Whether it was as it was to be already.
        public var isUnchanged: Bool
        /// Since when it is paused, and why; `nil` where it is not.
        public var pause: Pause?
        /// Whether a `flotilla run` carries the fleet that has not said yet that the part rests.
        public var isUnconfirmed = false
        /// Whether a program of its service's own reads it, which looks about every second, and tells nobody.
        public var isReadByProgram = false
    }

    /// That a part of a fleet is paused.
    public struct Pause: Codable, Sendable, Hashable {
        public var subject: String
        /// RFC 3339, in UTC.
        public var since: String
        /// As the operator wrote it; `nil` where no reason was given.
        public var reason: String?
        /// Whether the fleet file has such a part; one that it has no more can only be resumed.
        public var isDeclared: Bool

        enum CodingKeys: String, CodingKey {
            case subject, since, reason, isDeclared = "declared"
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(subject, forKey: .subject)
            try container.encode(since, forKey: .since)
            try container.encode(reason, forKey: .reason)
            try container.encode(isDeclared, forKey: .isDeclared)
        }
    }

    private let fleet: FleetDefinition

    /// A reason is a line, and no longer than this many characters.
    private static let reasonLimit = 500
    /// How long a running process is waited for to say that a part rests.
    private static let patience = Duration.seconds(5)

    public init(_ fleet: FleetDefinition) {
        self.fleet = fleet
    }

    /// Has a service's outbox or a subscription rest: events wait where they are. What is under way ends first.
    /// - Throws: `invalidInput` where there is no such part; what the fleet's state throws.
    public func pause(_ subject: String, reason: String?) async throws -> Outcome {
        try check(subject, reason: reason)
        return try await withState { state in
            let isNew = try await state.pause(subject, reason: reason)
            let isReadByProgram = fleet.consumers.contains(subject)
            if isReadByProgram {
                do {
                    try await tellProgram(of: subject, isPaused: true)
                } catch {
                    if isNew { _ = try await state.resume(subject) }
                    throw error
                }
            }
            var outcome = Outcome(
                subject: subject, isUnchanged: !isNew, pause: try await pause(of: subject, in: state))
            outcome.isReadByProgram = isReadByProgram
            if !isReadByProgram { outcome.isUnconfirmed = try await !isHonoured(subject, by: state) }
            return outcome
        }
    }

    /// Has a part go on where it stopped.
    /// - Throws: `invalidInput` where there is no such part, and none that is paused; what the fleet's state throws.
    public func resume(_ subject: String) async throws -> Outcome {
        try await withState { state in
            // A part that the file has no more may still be paused.
            if try await pause(of: subject, in: state) == nil { try check(subject, reason: nil) }
            try await tellProgram(of: subject, isPaused: false)
            return Outcome(subject: subject, isUnchanged: try await !state.resume(subject), pause: nil)
        }
    }

    /// - Parameter entries: what the fleet's state holds.
    static func pauses(_ entries: [FlowEntry], in fleet: FleetDefinition) -> [Pause] {
        let declared = Set(fleet.flowSubjects)
        return entries.compactMap { entry in
            entry.pausedSince.map {
                Pause(
                    subject: entry.subject, since: $0.description, reason: entry.reason,
                    isDeclared: declared.contains(entry.subject))
            }
        }
    }

    private func pause(of subject: String, in state: any FleetState) async throws -> Pause? {
        Self.pauses(try await state.flow(), in: fleet).first { $0.subject == subject }
    }

    /// Whether nobody carries the fleet, or whoever does has said that the part rests.
    private func isHonoured(_ subject: String, by state: any FleetState) async throws -> Bool {
        var time = WaitingTime(Self.patience)
        while try await state.holder() != nil {
            if try await state.record()?.paused?.contains(subject) == true { return true }
            guard !time.isOver() else { return false }
            try await Task.sleep(for: .milliseconds(50))
        }
        return true
    }

    /// What a program of a service's own reads is paused in the service's store as well, where the program looks.
    private func tellProgram(of subject: String, isPaused: Bool) async throws {
        let parts = subject.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let service = fleet.services.first(where: { $0.name.text == parts[0] }),
            parts[1] != SubscriptionName.pushName, !service.views.contains(where: { $0.name.text == parts[1] })
        else { return }
        do {
            try await Connectors.withStore(of: service) { store in
                try await store.write { try PausedReaders.set(isPaused, parts[1], $0) }
            }
        } catch let error as FleetError where error.code == .statement {
            throw FleetError(
                .notApplied, "the store of \(service.name) is not set up for this yet",
                remedy: "run `flotilla apply \(fleet.file)` first", underlying: error.message)
        }
    }

    private func withState<Result>(_ body: (any FleetState) async throws -> Result) async throws -> Result {
        let state = Connectors.state(of: fleet)
        do {
            let result = try await body(state)
            await state.close()
            return result
        } catch {
            await state.close()
            throw error
        }
    }

    private func check(_ subject: String, reason: String?) throws {
        try check(subject)
        guard let reason else { return }
        guard reason.count <= Self.reasonLimit,
            reason.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw FleetError(
                .invalidInput, "a reason is one line of at most \(Self.reasonLimit) characters",
                remedy: "shorten it, or leave it out")
        }
    }

    private func check(_ subject: String) throws {
        let known = fleet.flowSubjects
        if known.contains(subject) { return }
        let subscriptions = fleet.subscriptions
        let own = subscriptions.filter { $0.service.name.text == subject }.map(\.name.description)
        if fleet.services.contains(where: { $0.name.text == subject }) {
            throw FleetError(
                .invalidInput, "\(subject) publishes nothing, and so has no outbox to pause",
                remedy: own.isEmpty
                    ? "name another service" : "name what it subscribes to: \(own.joined(separator: ", "))")
        }
        let bare = subscriptions.filter { $0.name.name == subject }.map(\.name.description)
        let nearest = bare.first ?? NearestName.of(subject, in: known)
        throw FleetError(
            .invalidInput, "\(fleet.file) has no service or view \(subject)",
            remedy: nearest.map { "did you mean \($0)?" } ?? "it has \(known.joined(separator: ", "))")
    }
}
