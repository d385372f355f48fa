import Endpoints
import FleetCore
import FleetFile
import Foundation
import Objectives
import Push
import SagaModel
import Sagas
import Signals
import Synchronization
import Traces
import Views

/// Makes spans of a fleet's work, and hands on those of the traces that are kept.
final class FleetTracing: Sendable {
    private let fleet: FleetDefinition
    private let sampler: Mutex<TailSampler>
    /// Spans that nobody has looked at. Who makes them goes on, however long it takes to decide.
    private let intake = Mutex(Intake())
    private let lastReading = Mutex<Reading?>(nil)
    let admission = SpanAdmission(limit: FleetTracing.spanLimit)
    private let adjusted = Mutex(ContinuousClock.now)
    private let sink: @Sendable ([Span]) -> Void
    /// What all of its spans say.
    private let common: [SpanAttribute]
    private let begun = (wall: Timestamp.now(), steady: ContinuousClock.now)

    /// So many spans are made a second, of what goes well: what that costs is a few hundredths of a core.
    static let spanLimit = 5000
    /// So many wait to be looked at: what seconds of failures alone make, as of the rest there are no more than
    /// ``spanLimit`` a second. Beyond, spans are lost.
    static let intakeLimit = 65_536

    private struct Intake {
        var arrivals: [(spans: [Span], at: Timestamp)] = []
        var count = 0
        var lost = 0
    }

    /// How sampling goes.
    struct Reading: Sendable {
        var open: Int
        var footprint: ByteCount
        var counts: TailSampler.Counts
        /// Spans that were not made, or lost.
        var omitted: Int
    }

    /// - Parameters:
    ///   - resource: what is said of the process that makes them.
    ///   - common: what all of its spans say.
    ///   - sink: takes spans that are to leave, and does not wait.
    init(
        _ fleet: FleetDefinition, _ settings: TailSampler.Settings, resource: [SpanAttribute],
        common: [SpanAttribute] = [], sink: @escaping @Sendable ([Span]) -> Void
    ) {
        self.fleet = fleet
        sampler = Mutex(TailSampler(settings, resource: resource))
        self.common = common
        self.sink = sink
    }

    /// For what an operator asks for: that is always told, but where the policies drop it.
    static func ofOperators(
        _ fleet: FleetDefinition, _ settings: TailSampler.Settings, resource: [SpanAttribute],
        sink: @escaping @Sendable ([Span]) -> Void
    ) -> FleetTracing {
        let drops = settings.policies.filter { if case .drop = $0 { true } else { false } }
        return FleetTracing(
            fleet, TailSampler.Settings(wait: .zero, policies: [.always] + drops), resource: resource,
            common: [SpanAttribute("flotilla.parked.retry", "operator")], sink: sink)
    }

    /// A time that never goes back.
    private var now: Timestamp { begun.wall.advanced(by: ContinuousClock.now - begun.steady) }

    func record(_ spans: [Span]) {
        if spans.isEmpty { return }
        let now = now
        intake.withLock { intake in
            guard intake.count + spans.count <= Self.intakeLimit else {
                intake.lost += spans.count
                return
            }
            intake.arrivals.append((spans, now))
            intake.count += spans.count
        }
    }

    /// Hands what has come to the sampler.
    /// - Returns: the spans that are to leave.
    private func takeIn(_ sampler: inout TailSampler) -> [Span] {
        let arrivals = intake.withLock { intake in
            defer { (intake.arrivals, intake.count) = ([], 0) }
            return intake.arrivals
        }
        var leaving: [Span] = []
        for arrival in arrivals { leaving += sampler.add(arrival.spans, at: arrival.at) }
        return leaving
    }

    /// Hands on spans of traces that are kept, and has them be examples of what was measured when they ended.
    private func leave(_ spans: [Span]) {
        if spans.isEmpty { return }
        if spans.contains(where: { $0.kind.kept != nil }) {
            let places = Dictionary(spans.indices.map { (spans[$0].context, $0) }) { first, _ in first }
            for span in spans {
                guard let kept = span.kind.kept else { continue }
                let parent = span.parent.flatMap {
                    places[TraceContext(trace: span.trace, span: $0, flags: span.context.flags)]
                }
                kept(span, parent.map { spans[$0] })
            }
        }
        sink(spans)
    }

    /// Decides on traces whose time has come, and of how many of the next ones spans are made. Called every second, about, on
    /// a ``SamplingQueue``: a policy may take its time.
    func decide() {
        let elapsed = adjusted.withLock { last in
            defer { last = .now }
            return ContinuousClock.now - last
        }
        admission.adjust(after: elapsed)
        let now = now
        leave(sampler.withLock { takeIn(&$0) + $0.decide(at: now) })
    }

    /// Decides on all traces: nothing comes any more.
    func end() {
        let now = now
        leave(sampler.withLock { takeIn(&$0) + $0.decideAll(at: now) })
    }

    /// `nil` while nothing is known. While it is decided, what was so before.
    var reading: Reading? {
        let omitted = admission.refusals + intake.withLock { $0.lost }
        let new = sampler.withLockIfAvailable {
            Reading(open: $0.openTraces, footprint: $0.footprint, counts: $0.counts, omitted: omitted)
        }
        return lastReading.withLock { last in
            if let new { last = new } else { last?.omitted = omitted }
            return last
        }
    }

    // MARK: Who makes spans

    private var brokerSystem: String { fleet.broker.engine == "embedded" ? "flotilla" : fleet.broker.engine }

    private func messaging(_ operation: String, _ type: String, _ stream: StreamName) -> [SpanAttribute] {
        [
            SpanAttribute("messaging.system", brokerSystem), SpanAttribute("messaging.operation.name", operation),
            SpanAttribute("messaging.operation.type", type),
            SpanAttribute("messaging.destination.name", stream.description),
        ] + common
    }

    /// - Parameter meter: whoever measures the same, and takes examples of it.
    func relay(of service: ServiceDefinition, stream: StreamName, meter: RelayMeter? = nil) -> some WorkTracer {
        let attributes =
            messaging("append", "send", stream) + [SpanAttribute("flotilla.service", service.name.text)]
        func kind(_ kept: (@Sendable (Span, Span?) -> Void)?) -> SpanKind {
            SpanKind(
                "append \(stream)", .producer, attributes,
                subject: ObjectiveSubject(.stream, service.name.text).description, kept: kept)
        }
        let latency = meter?.latency
        return RelayTracer(
            stream: stream,
            kind: kind { span, _ in if !span.isError { latency?.exemplify(span, since: span.start) } },
            olderKind: kind(nil), tracing: self)
    }

    /// - Parameter meter: as of ``relay(of:stream:meter:)``.
    func delivery(
        of applier: ViewApplier, in service: ServiceDefinition, meter: DeliveryMeter? = nil
    ) -> some WorkTracer {
        let attributes =
            messaging("apply", "process", applier.stream) + [
                SpanAttribute("messaging.consumer.group.name", applier.subscription.description),
                SpanAttribute("flotilla.service", service.name.text),
                SpanAttribute("db.system.name", service.store.isSQLite ? "sqlite" : "postgresql"),
            ]
        let latency = meter?.latency
        let kind = SpanKind(
            "apply \(applier.stream)", .consumer, attributes,
            subject: ObjectiveSubject(.view, applier.subscription.description).description
        ) { span, published in
            if let published, published.isWholeWay { latency?.exemplify(span, since: published.start) }
        }
        return DeliveryTracer(stream: applier.stream, kind: kind, tracing: self)
    }

    /// - Parameter meter: as of ``relay(of:stream:meter:)``.
    func push(of plan: PushPlan, in service: ServiceDefinition, meter: DeliveryMeter? = nil) -> some WorkTracer {
        let common =
            messaging("push", "process", plan.stream) + [
                SpanAttribute("messaging.consumer.group.name", plan.subscription.description),
                SpanAttribute("flotilla.service", service.name.text),
                SpanAttribute("http.request.method", "POST"),
            ]
        let (latency, durations) = (meter?.latency, meter?.requestDurations)
        let kinds = plan.targets.enumerated().map { number, target in
            // A query may be somebody's secret.
            let url = String(target.endpoint.name.prefix { $0 != "?" })
            let duration = durations?[number]
            return SpanKind(
                "POST", .client, common + [SpanAttribute("url.full", url)] + Self.server(of: url),
                subject: ObjectiveSubject(.push, service.name.text).description
            ) { span, published in
                duration?.exemplify(span, since: span.start)
                if let published, published.isWholeWay, !span.isError {
                    latency?.exemplify(span, since: published.start)
                }
            }
        }
        return PushTracer(stream: plan.stream, kinds: kinds, tracing: self)
    }

    /// Host and port of a URL.
    private static func server(of url: String) -> [SpanAttribute] {
        guard let scheme = url.range(of: "://") else { return [] }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" }
        let usual = url.hasPrefix("https") ? 443 : 80
        let isAddress = authority.hasPrefix("[")
        let end =
            isAddress ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : authority.firstIndex(of: ":")
        let host = authority[..<(end ?? authority.endIndex)]
        let port = authority[(end ?? authority.endIndex)...].drop { $0 == ":" }
        return [
            SpanAttribute("server.address", host.trimmingPrefix("[").filter { $0 != "]" }),
            SpanAttribute("server.port", .integer(Int64(port) ?? Int64(usual))),
        ]
    }

    func sagas(_ endings: [SagaTrace]) {
        record(endings.map { $0.span(in: fleet.name) })
    }
}

/// Makes spans of an outbox's way into its stream: each lasts from the time of its event until that is durable.
private struct RelayTracer: WorkTracer {
    let stream: StreamName
    let kind: SpanKind
    /// The same of events whose time says nothing of how long they took.
    let olderKind: SpanKind
    let tracing: FleetTracing

    /// A time that is longer ago says when something happened, and not when it was written.
    private static let longest = Duration.seconds(86_400)

    func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool { tracing.admission.admits(part) }

    func worked(on events: [TracedEvent], took: Duration) {
        let end = Timestamp.now()
        let begun = end.advanced(by: .zero - took)
        tracing.record(
            events.map { event in
                let isRecent = end.elapsed(since: event.occurred) < Self.longest
                // What is parked here may be taken later.
                let context =
                    event.failure == nil
                    ? event.context.publication(of: event.id, in: stream) : event.context.newChild()
                return Span(
                    isRecent ? kind : olderKind, context, parent: event.context.span,
                    from: isRecent ? min(event.occurred, begun) : begun, to: end, attributes: event.attributes,
                    status: event.status)
            })
    }

    func requested(_ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration) {}
}

/// Makes spans of the transactions in which events take effect.
private struct DeliveryTracer: WorkTracer {
    let stream: StreamName
    let kind: SpanKind
    let tracing: FleetTracing

    func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool { tracing.admission.admits(part) }

    func worked(on events: [TracedEvent], took: Duration) {
        let end = Timestamp.now()
        let begun = end.advanced(by: .zero - took)
        tracing.record(
            events.map { event in
                Span(
                    kind, event.context.newChild(), parent: event.context.publication(of: event.id, in: stream).span,
                    from: begun, to: end, attributes: event.attributes, status: event.status)
            })
    }

    func requested(_ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration) {}
}

/// Makes spans of requests, each of which has sent its span's context along.
private struct PushTracer: WorkTracer {
    let stream: StreamName
    let kinds: [SpanKind]
    let tracing: FleetTracing

    func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool { tracing.admission.admits(part) }

    func worked(on events: [TracedEvent], took: Duration) {}

    func requested(_ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration) {
        let end = Timestamp.now()
        let answered = status.map { [SpanAttribute("http.response.status_code", .integer(Int64($0)))] } ?? []
        tracing.record([
            Span(
                kinds[target], context, parent: event.context.publication(of: event.id, in: stream).span,
                from: end.advanced(by: .zero - took), to: end, attributes: event.attributes + answered,
                status: event.status)
        ])
    }
}

extension Span {
    /// Whether it is the way of an event into the broker from the event's own time on.
    fileprivate var isWholeWay: Bool { kind.role == .producer && kind.kept != nil }
}

extension Histogram {
    /// Takes a span as an example of how long something took until its end.
    fileprivate func exemplify(_ span: Span, since start: Timestamp) {
        exemplify(span.end.elapsed(since: start), at: span.end, by: span.context)
    }
}

extension TracedEvent {
    fileprivate var attributes: [SpanAttribute] {
        var attributes = [
            SpanAttribute("messaging.message.id", .id(id)), SpanAttribute("cloudevents.event_type", type),
        ]
        if let failure { attributes.append(SpanAttribute("error.type", failure.code.description)) }
        if let code = failure?.storeCode { attributes.append(SpanAttribute("db.response.status_code", code)) }
        return attributes
    }

    /// The store's own words may quote data: they stay with the parked event.
    fileprivate var status: Span.Status { failure.map { .error($0.withoutData) } ?? .unset }
}

extension SagaTrace {
    fileprivate func span(in fleet: FleetName) -> Span {
        var attributes = [SpanAttribute("flotilla.saga", saga.text), SpanAttribute("flotilla.saga.id", id)]
        let name: String
        var part: String?
        switch subject {
        case .saga:
            name = "saga \(saga)"
            part = ObjectiveSubject(.saga, saga.text).description
        case .step(let step, let direction):
            name = "\(direction == .forward ? "step" : "undo") \(step.name)"
            attributes.append(SpanAttribute("flotilla.saga.step", "\(step)"))
            attributes.append(SpanAttribute("flotilla.saga.attempts", .integer(Int64(attempts))))
        }
        if let status { attributes.append(SpanAttribute("http.response.status_code", .integer(Int64(status)))) }
        if failure != nil { attributes.append(SpanAttribute("error.type", "saga")) }
        let kind = SpanKind(name, isRequest ? .client : .inner, [], subject: part)
        return Span(
            kind, context, parent: parent, from: started, to: ended, attributes: attributes,
            status: failure.map { .error($0) } ?? .unset)
    }
}
