import Signals

/// What Flotilla measures of its own work. Names follow OpenTelemetry's conventions where there is one for it; `docs/signals.md`
/// has them all.
enum FleetMetrics {
    private static let outbox = ["service"]
    private static let subscription = ["subscription", "stream"]
    private static let part = ["subject", "stream"]
    private static let endpoint = ["subscription", "stream", "endpoint"]

    // MARK: The process

    static let build = Metric("flotilla.build", .info, .none, ["version"], "The program that serves this.")
    static let fleet = Metric(
        "flotilla.fleet", .info, .none, ["fleet", "broker"], "The fleet that it was started for.")
    static let carrying = Metric(
        "flotilla.carrying", .gauge, .none, [], "1 while this process carries the fleet; 0 while it waits for its turn."
    )
    static let epoch = Metric(
        "flotilla.epoch", .gauge, .none, [],
        "The number of the hold on the fleet, which grows with each holder; absent where the state is in a directory.")

    // MARK: Outboxes and relays

    static let outboxDepth = Metric(
        "flotilla.outbox.depth", .gauge, .events, outbox,
        "Events in the outbox that are not settled: neither in the broker nor parked. Above 10,000 reckoned, not counted."
    )
    static let outboxAge = Metric(
        "flotilla.outbox.age", .gauge, .seconds, outbox,
        "The age of the oldest event in the outbox that is not settled, where its row says when it was written; 0 where there is none."
    )
    static let outboxRetained = Metric(
        "flotilla.outbox.retained", .gauge, .bytes, outbox,
        "What the server keeps of its log because it was not captured yet.")
    static let captured = Metric(
        "flotilla.capture.events", .counter, .events, outbox, "Rows taken out of the outbox, repeats included.")
    static let captureLagEvents = Metric(
        "flotilla.capture.lag.events", .gauge, .events, outbox,
        "Events that are captured and not settled: on their way to the broker.")
    static let captureLag = Metric(
        "flotilla.capture.lag", .gauge, .seconds, outbox,
        "The age of the oldest event that is captured and not settled; 0 where there is none.")
    static let relayLatency = Metric(
        "flotilla.relay.latency", .histogram, .seconds, outbox,
        "From the time of an event (the row's, else of its commit where the log is captured, else when it was captured) until it is durable in the broker."
    )
    static let relayBatch = Metric(
        "flotilla.relay.batch.size", .histogram, .events, outbox, "Events appended to the stream at once.")

    // MARK: Streams

    static let streamRecords = Metric(
        "flotilla.stream.records", .gauge, .events, ["stream"], "Records that the broker holds of the stream.")
    static let streamSize = Metric(
        "flotilla.stream.size", .gauge, .bytes, ["stream"], "The size of the records that the broker holds.")
    static let streamLimit = Metric(
        "flotilla.stream.limit", .gauge, .bytes, ["stream"],
        "The size of the stream at which publishing stops: `limit` of the fleet file's `broker`.")
    static let brokerUp = Metric(
        "flotilla.broker.up", .gauge, .none, ["stream"], "1 where the broker told of the stream when it was asked last."
    )
    static let brokerMonitorUp = Metric(
        "flotilla.broker.monitor.up", .gauge, .none, ["server"],
        "1 where the monitoring endpoint of the broker's server answered when it was asked last.")
    static let sent = Metric(
        "messaging.client.sent.messages", .counter, .things("message"),
        ["messaging.system", "messaging.operation.name", "messaging.destination.name"],
        "Events that the broker has acknowledged as durable.")
    static let consumed = Metric(
        "messaging.client.consumed.messages", .counter, .things("message"),
        [
            "messaging.system", "messaging.operation.name", "messaging.destination.name",
            "messaging.consumer.group.name",
        ],
        "Events that a view or push is done with: in effect, delivered, parked, or none of its business.")
    static let brokerDuration = Metric(
        "messaging.client.operation.duration", .histogram, .seconds,
        [
            "messaging.system", "messaging.operation.name", "messaging.operation.type", "messaging.destination.name",
        ],
        "How long the broker takes for a batch.",
        bounds: [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000].map { $0 * 1000 })

    // MARK: Deliveries

    static let deliveryLagEvents = Metric(
        "flotilla.delivery.lag.events", .gauge, .events, subscription,
        "Records of the stream that the subscription has still to take.")
    static let deliveryLag = Metric(
        "flotilla.delivery.lag", .gauge, .seconds, subscription,
        "The age of the oldest record that the subscription has still to take; 0 where there is none."
    )
    static let deliveryLatency = Metric(
        "flotilla.delivery.latency", .histogram, .seconds, subscription,
        "End to end: from the time of an event (the outbox row's, else of its commit where the log is captured, else when it was captured) until it is in effect."
    )
    static let deliveryBatch = Metric(
        "flotilla.delivery.batch.size", .histogram, .events, subscription, "Events taken in one transaction.")
    static let storeDuration = Metric(
        "db.client.operation.duration", .histogram, .seconds,
        [
            "service", "db.system.name", "db.operation.name", "flotilla.stream", "db.response.status_code",
            "error.type",
        ],
        "How long a service's store takes to capture a batch (from when there was one; one that fails from when it was asked for), to settle it, or to apply it.",
        optional: ["db.response.status_code", "error.type"],
        bounds: [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000].map { $0 * 1000 })
    static let requests = Metric(
        "flotilla.push.requests", .counter, .things("request"), endpoint + ["outcome"],
        "Requests that delivered an event, that were refused for good, and that are to be sent again.")
    static let requestDuration = Metric(
        "flotilla.push.duration", .histogram, .seconds, endpoint, "From the beginning of a request to its answer.")
    static let breakerOpen = Metric(
        "flotilla.push.breaker.open", .gauge, .none, endpoint,
        "1 while the circuit breaker keeps requests from the endpoint, but for one that probes.")

    // MARK: What goes wrong

    static let parkedEvents = Metric(
        "flotilla.parked.events", .gauge, .events, part + ["state"],
        "Events that failed for good (parked), that are tried again by themselves (retrying), and those behind them (waiting)."
    )
    static let parkedAge = Metric(
        "flotilla.parked.age", .gauge, .seconds, part,
        "The age of the oldest event that failed for good; 0 where there is none.")
    static let parked = Metric(
        "flotilla.events.parked", .counter, .events, part,
        "Events that were set aside with their error, and those that went behind one.")
    static let released = Metric(
        "flotilla.keys.released", .counter, .things("key"), part, "Keys that are free again after a retry by itself.")
    static let failures = Metric(
        "flotilla.failures", .counter, .things("failure"), part + ["error.type"],
        "Attempts that failed, and are made again.")
    static let blocked = Metric(
        "flotilla.blocked", .gauge, .none, part,
        "1 while something stands in the part's way; `flotilla status` says what.")
    static let paused = Metric(
        "flotilla.paused", .gauge, .none, ["subject"], "1 while an operator has the part rest.")

    // MARK: Sagas and flows

    static let sagasOpen = Metric(
        "flotilla.sagas.open", .gauge, .things("saga"), ["saga", "state"],
        "Sagas that have not ended: running, compensating, or parked, which wait for an operator.")
    static let sagasAge = Metric(
        "flotilla.sagas.age", .gauge, .seconds, ["saga"],
        "How long the oldest saga that has not ended is under way; 0 where there is none.")
    static let sagasParkedAge = Metric(
        "flotilla.sagas.parked.age", .gauge, .seconds, ["saga"],
        "How long the first parked saga waits for an operator; 0 where there is none.")
    static let sagasStarted = Metric("flotilla.sagas.started", .counter, .things("saga"), ["saga"], "Sagas that began.")
    static let sagasEnded = Metric(
        "flotilla.sagas.ended", .counter, .things("saga"), ["saga", "outcome"],
        "Sagas that ended: completed, compensated or rejected.")
    static let sagaDuration = Metric(
        "flotilla.sagas.duration", .histogram, .seconds, ["saga", "outcome"], "From a saga's start to its end.")
    static let sagaSteps = Metric(
        "flotilla.sagas.steps", .counter, .things("step"), ["saga", "step", "direction", "outcome"],
        "Attempts at steps (forward) and at undoing them (compensation) that were done, failed and are retried, failed for good, or are parked."
    )
    static let sagaStepDuration = Metric(
        "flotilla.sagas.step.duration", .histogram, .seconds, ["saga", "step", "direction"],
        "From the first attempt at a step, or at undoing it, until it is done.")
    static let sagaStrays = Metric(
        "flotilla.sagas.strays", .counter, .things("message"), [],
        "Events and messages that matched no saga; `flotilla sagas strays` shows them.")
    static let flowsOpen = Metric(
        "flotilla.flows.open", .gauge, .things("run"), ["flow", "state"],
        "Runs of flows that have not ended: unstarted, running, or stuck.")
    static let flowsOutOfOrder = Metric(
        "flotilla.flows.out.of.order", .gauge, .things("run"), ["flow"],
        "Runs in the journal, ended or not, whose events came in another order than declared.")
    static let flowsLate = Metric(
        "flotilla.flows.late", .gauge, .things("run"), ["flow"],
        "Runs in the journal, ended or not, of which a limit has passed.")
    static let flowsStuckAge = Metric(
        "flotilla.flows.stuck.age", .gauge, .seconds, ["flow"],
        "How long ago the first stuck run was found to be; 0 where there is none.")

    // MARK: Stores

    static let storeUp = Metric(
        "flotilla.store.up", .gauge, .none, ["service", "db.system.name"],
        "1 where the service's store answered when it was asked last.")
    static let lookFailures = Metric(
        "flotilla.store.look.failures", .counter, .things("failure"), ["service", "error.type"],
        "Looks at a store that failed.")
    static let lookDuration = Metric(
        "flotilla.store.look.duration", .gauge, .seconds, ["service"],
        "How long the last look at the store took, without what is asked once for all stores of its server.")

    // MARK: Disks

    static let diskFree = Metric(
        "flotilla.disk.free", .gauge, .bytes, ["place"],
        "What is left of the disk of a store's file (`store NAME`), of the embedded broker's streams (`broker`), or of the state (`state`)."
    )
    static let diskSize = Metric("flotilla.disk.size", .gauge, .bytes, ["place"], "The size of that disk.")

    // MARK: Certificates and secrets

    static let certificateExpiry = Metric(
        "flotilla.certificate.expiry", .gauge, .seconds, ["certificate"],
        "How long it is until a certificate ends; less than 0 where it has.")
    static let secretExpiry = Metric(
        "flotilla.secret.expiry", .gauge, .seconds, ["secret"],
        "How long it is until a secret ends, of one that does: a PostgreSQL role's password, the JWT of `broker.credentials`; less than 0 where it has."
    )

    static let all: [Metric] =
        [
            build, fleet, carrying, epoch, outboxDepth, outboxAge, outboxRetained, captured, captureLagEvents,
            captureLag, relayLatency, relayBatch, streamRecords, streamSize, streamLimit, brokerUp, brokerMonitorUp,
            sent, consumed, brokerDuration,
            deliveryLagEvents, deliveryLag, deliveryLatency, deliveryBatch, storeDuration, requests, requestDuration,
            breakerOpen, parkedEvents, parkedAge, parked, released, failures, blocked, paused, sagasOpen, sagasAge,
            sagasParkedAge, sagasStarted, sagasEnded, sagaDuration, sagaSteps, sagaStepDuration, sagaStrays, flowsOpen,
            flowsOutOfOrder, flowsLate, flowsStuckAge, storeUp, lookFailures, lookDuration, diskFree, diskSize,
            certificateExpiry, secretExpiry,
        ] + telemetry
}
