public import Brokers
public import FleetCore
import Inbox
public import Stores

/// Builds a view anew from the streams' records, beside the old one, and swaps the two.
///
/// While it works, cursors of its own keep retention from dropping what it has still to read. The live view goes on
/// meanwhile; after the swap its delivery finds the cursor moved, and goes on from there.
public struct ViewRebuilder: Sendable {
    private let appliers: [ViewApplier]
    private let broker: any Broker
    private let rebuild: any ViewRebuild
    private let limit: BatchLimit
    private let clock: FleetClock

    /// - Parameter appliers: the view's appliers, one a stream.
    public init(
        appliers: [ViewApplier], broker: any Broker, rebuild: any ViewRebuild, limit: BatchLimit = .standard,
        clock: FleetClock = .system
    ) {
        self.appliers = appliers
        self.broker = broker
        self.rebuild = rebuild
        self.limit = limit
        self.clock = clock
    }

    /// How a rebuild ended.
    public struct Outcome: Sendable {
        /// Records that were read.
        public var records: Int
        /// Streams that retention had cut already, and when their oldest record was appended.
        public var incomplete: [(stream: StreamName, since: Timestamp?)]
    }

    /// - Parameter onProgress: told how many records were read so far, and how many there are.
    public func run(onProgress: @Sendable (Int, Int) -> Void) async throws -> Outcome {
        do {
            let store = try await rebuild.begin()
            let outcome: Outcome
            do {
                outcome = try await replay(into: store, onProgress: onProgress)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
            CrashPoint.rebuilt.reached()
            try await rebuild.swap()
            await forgetCursors()
            return outcome
        } catch {
            await rebuild.abandon()
            await forgetCursors()
            throw explained(FleetError.wrapping(error))
        }
    }

    private struct Source {
        let applier: ViewApplier
        let number: Int64
        var position: LogPosition
        var heldKeys: Set<String> = []
        var records: ArraySlice<LogRecord> = []
    }

    private func replay(
        into store: any Store, onProgress: @Sendable (Int, Int) -> Void
    ) async throws -> Outcome {
        var outcome = Outcome(records: 0, incomplete: [])
        var sources: [Source] = []
        var total = 0
        for applier in appliers {
            // A cursor left by a rebuild that was killed must not stay behind: begin at the oldest record anew.
            try await broker.unsubscribe(cursor(of: applier), from: applier.stream)
            try await broker.subscribe(cursor(of: applier), to: applier.stream, at: nil)
            let bounds = try await broker.bounds(of: applier.stream)
            let oldest = LogPosition(bounds.first.value - 1)
            if oldest > .start { outcome.incomplete.append((applier.stream, bounds.firstTime)) }
            total += bounds.count(after: oldest)
            let begun = try await store.write {
                try Inbox.begin(
                    applier.inboxName, in: applier.stream, identity: bounds.identity, after: oldest, $0)
            }
            sources.append(Source(applier: applier, number: begun.number, position: begun.position))
        }
        // Streams are merged by the time of their events, as they came the first time.
        while true {
            for index in sources.indices where sources[index].records.isEmpty {
                let after = sources[index].position
                sources[index].records = try await broker.read(
                    sources[index].applier.stream, after: after, limit: limit)[...]
            }
            let heads = sources.indices.filter { !sources[$0].records.isEmpty }
            guard let earliest = heads.min(by: { time(sources[$0]) < time(sources[$1]) }) else { return outcome }
            let others = heads.filter { $0 != earliest }.map { time(sources[$0]) }.min()
            let run = sources[earliest].records.prefix { record in others.map { record.event.time <= $0 } ?? true }
            let records = Array(run.isEmpty ? sources[earliest].records.prefix(1) : run)
            try await apply(records, to: &sources[earliest], in: store)
            sources[earliest].records = sources[earliest].records.dropFirst(records.count)
            outcome.records += records.count
            onProgress(outcome.records, max(total, outcome.records))
            try Task.checkCancellation()
        }
    }

    private func time(_ source: Source) -> Timestamp {
        source.records.first?.event.time ?? Timestamp(microseconds: .max)
    }

    private func apply(_ records: [LogRecord], to source: inout Source, in store: any Store) async throws {
        let (applier, position, held) = (source.applier, source.position, source.heldKeys)
        let now = clock.now()
        let batch = applier.batch(of: records, number: source.number)
        let result = try await store.write { transaction in
            try applier.apply(batch, after: position, heldKeys: held, isCareful: true, at: now, in: transaction)
        }
        source.heldKeys.formUnion(result.newlyHeld)
        if let last = records.last { source.position = last.position }
    }

    private func cursor(of applier: ViewApplier) -> SubscriptionName {
        SubscriptionName(
            service: applier.subscription.service, name: "\(applier.subscription.name)~rebuild")
    }

    private func forgetCursors() async {
        // What is left of them holds retention back until the next rebuild or apply, and nothing else.
        for applier in appliers { try? await broker.unsubscribe(cursor(of: applier), from: applier.stream) }
    }

    private func explained(_ error: FleetError) -> FleetError {
        guard error.code == .readOnly else { return error }
        return FleetError(
            .invalidInput,
            "this view cannot be rebuilt beside the old one: a statement of it writes to a table that its"
                + " schema does not create",
            remedy: "create that table in the view's schema, or move the statement to the"
                + " service itself", underlying: error.underlying)
    }
}
