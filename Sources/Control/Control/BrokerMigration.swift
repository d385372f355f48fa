import Brokers
import EmbeddedBroker
public import FleetCore
public import FleetFile

/// Moves a fleet's streams out of the embedded broker into the one that its file declares.
///
/// The records are copied while the fleet goes on in the embedded broker; then it is waited for until nobody carries the
/// fleet, and the rest is copied. Identity and positions of the streams stay, so that no cursor of a view, no inbox and no
/// parked event has to change.
public struct BrokerMigration: Sendable {
    /// What is being done, for those who watch.
    public enum Step: Sendable, Equatable {
        case copying(stream: StreamName, records: Int, of: Int)
        /// Everything but the last is copied; who carries the fleet is to be stopped.
        case waiting(holder: String)
        case copyingTheRest
    }

    public struct Outcome: Sendable {
        /// What was moved now; empty where it was moved before.
        public var streams: [(stream: StreamName, records: Int)]
        /// Where the embedded broker's files are kept.
        public var keptDirectory: String
        public var wasMovedBefore: Bool
    }

    private let fleet: FleetDefinition
    private let embedded: FleetDefinition
    private let moved: MovedStreams
    private let onStep: @Sendable (Step) -> Void

    /// How often it is looked whether the fleet is still carried.
    private static let interval = Duration.milliseconds(250)
    private static let limit = BatchLimit(events: 1024, bytes: .mebibytes(2))
    /// Its cursor at the embedded broker, so that retention waits.
    private static let subscription = StreamCopyLock.subscription

    public init(_ fleet: FleetDefinition, onStep: @escaping @Sendable (Step) -> Void) {
        self.fleet = fleet
        var embedded = fleet
        embedded.broker = BrokerDefinition(retention: fleet.broker.retention)
        self.embedded = embedded
        moved = MovedStreams(directory: fleet.streamsDirectory)
        self.onStep = onStep
    }

    /// Moves the streams. Safe to stop at any moment, and to run again: it goes on where it was.
    /// - Throws: `invalidInput` where the file declares no other broker; `missing` where there is no embedded one;
    ///   `conflict` where the new broker has streams of these names that hold something else; `busy` where another process
    ///   moves them.
    public func run() async throws -> Outcome {
        guard fleet.broker.engine != "embedded" else {
            throw FleetError(
                .invalidInput, "\(fleet.file) declares the embedded broker, which its streams are in already",
                remedy:
                    "write the new one there, as in `broker: {engine: nats, url: \"nats://…\"}`, leave `flotilla run`"
                    + " as it is, and run this again")
        }
        if moved.destination != nil {
            let broker = Connectors.broker(of: fleet)
            try moved.set(destination: broker.name)
            await broker.close()
            return Outcome(streams: [], keptDirectory: moved.keptDirectory, wasMovedBefore: true)
        }
        let lock = try await StreamCopyLock(directory: fleet.streamsDirectory)
        defer { withExtendedLifetime(lock) {} }
        let source = Connectors.broker(of: embedded)
        let target = Connectors.broker(of: fleet)
        do {
            guard let target = target as? any RecordCopier,
                let setup = Connectors.brokerSetup(of: fleet) as? any StreamAdoptingSetup
            else {
                throw FleetError(.invalidInput, "\(target.name) cannot take over streams of another broker")
            }
            let outcome = try await move(from: source, to: target, setup)
            await source.close()
            await target.close()
            return outcome
        } catch {
            // Retention need not wait for a copy that nobody makes.
            for (_, stream) in fleet.publishers { try? await source.unsubscribe(Self.subscription, from: stream) }
            await source.close()
            await target.close()
            throw error
        }
    }

    private func move(
        from source: any Broker, to target: any RecordCopier, _ setup: any StreamAdoptingSetup
    ) async throws -> Outcome {
        let streams = fleet.publishers.map(\.stream)
        for stream in streams { try await begin(stream, from: source, setup) }
        for stream in streams { try await copy(stream, from: source, to: target) }
        let state = Connectors.state(of: fleet)
        do {
            let hold = try await takeHold(of: state, streams, from: source, to: target)
            do {
                let outcome = try await finish(streams, from: source, to: target)
                await hold.release()
                await state.close()
                return outcome
            } catch {
                await hold.release()
                throw error
            }
        } catch {
            await state.close()
            throw error
        }
    }

    /// Makes the stream at its new place, or finds how far it was copied.
    private func begin(_ stream: StreamName, from source: any Broker, _ setup: any StreamAdoptingSetup) async throws {
        let bounds: StreamBounds
        do {
            bounds = try await source.bounds(of: stream)
        } catch let error as FleetError where error.code == .missing {
            throw FleetError(
                .missing, "there is no stream \(stream) to be moved: \(error.message)",
                remedy: "if the fleet never ran on the embedded broker, there is nothing to move: `flotilla apply`")
        }
        try await source.subscribe(Self.subscription, to: stream, at: nil)
        try await setup.adopt(stream, identity: bounds.identity, from: bounds.first)
    }

    private func copy(_ stream: StreamName, from source: any Broker, to target: any RecordCopier) async throws {
        let here = try await target.bounds(of: stream)
        var position = max(here.last, LogPosition(here.first.value - 1))
        while true {
            let bounds = try await source.bounds(of: stream)
            let there = bounds.last
            guard position <= there else {
                throw FleetError(
                    .conflict,
                    "stream \(stream) ends at position \(position) at \(target.name), and at \(there) where it comes from:"
                        + " somebody else has appended to it",
                    remedy: "remove the stream at the new broker, and run this again")
            }
            if position == there { return }
            guard position.value >= bounds.first.value - 1 else {
                throw FleetError(
                    .gap,
                    "the copy of stream \(stream) ends at position \(position), and retention has dropped what came next",
                    remedy: "remove the stream at the new broker, and run this again")
            }
            let records = try await source.read(stream, after: position, limit: Self.limit)
            guard let last = records.last?.position else { return }
            try await target.append(copies: records, to: stream)
            try await source.acknowledge(upTo: last, by: Self.subscription, in: stream)
            position = last
            onStep(
                .copying(
                    stream: stream, records: Int(last.value - here.first.value + 1),
                    of: Int(max(there, last).value - here.first.value + 1)))
            try Task.checkCancellation()
        }
    }

    /// Waits until nobody carries the fleet, and copies what comes meanwhile.
    private func takeHold(
        of state: any FleetState, _ streams: [StreamName], from source: any Broker, to target: any RecordCopier
    ) async throws -> any FleetHold {
        var told = ""
        while true {
            do {
                return try await state.hold()
            } catch let error as FleetError where error.code == .busy {
                let holder = (try? await state.holder()) ?? error.message
                if holder != told { onStep(.waiting(holder: holder)) }
                told = holder
            }
            try await Task.sleep(for: Self.interval)
            for stream in streams { try await copy(stream, from: source, to: target) }
        }
    }

    private func finish(
        _ streams: [StreamName], from source: any Broker, to target: any RecordCopier
    ) async throws -> Outcome {
        onStep(.copyingTheRest)
        var copied: [(StreamName, Int)] = []
        for stream in streams {
            try await copy(stream, from: source, to: target)
            let (old, new) = (try await source.bounds(of: stream), try await target.bounds(of: stream))
            guard old.identity == new.identity, old.last == new.last else {
                throw FleetError(
                    .conflict, "stream \(stream) was changed while it was copied",
                    remedy: "see that nobody else carries the fleet, and run this again")
            }
            try await compareLast(old.last, of: stream, source, target)
            // Others are of what is not declared any more, or of a rebuild, which begins anew.
            let declared = Set(fleet.brokerNeeds.subscriptions.filter { $0.stream == stream }.map(\.subscription))
            for (subscription, position) in try await source.subscriptions(of: stream)
            where declared.contains(subscription) {
                try await target.subscribe(subscription, to: stream, at: position)
            }
            copied.append((stream, new.count(after: LogPosition(new.first.value - 1))))
        }
        await source.close()
        try moved.set(destination: target.name)
        return Outcome(streams: copied, keptDirectory: moved.keptDirectory, wasMovedBefore: false)
    }

    /// The copy is in order, one record after the other: if the last is the same, all are.
    private func compareLast(
        _ position: LogPosition, of stream: StreamName, _ source: any Broker, _ target: any Broker
    ) async throws {
        let one = BatchLimit(events: 1, bytes: ByteCount(1))
        let before = LogPosition(position.value - 1)
        guard position.value > 0, try await source.bounds(of: stream).first <= position else { return }
        let old = try await source.read(stream, after: before, limit: one).first
        let new = try await target.read(stream, after: before, limit: one).first
        guard old?.event.id == new?.event.id else {
            throw FleetError(
                .conflict, "stream \(stream) does not hold at \(target.name) what it held in the embedded broker",
                remedy: "remove the stream at the new broker, and run this again")
        }
    }
}
