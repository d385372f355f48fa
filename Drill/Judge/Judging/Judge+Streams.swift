import FleetCore

extension Judge {
    /// Holds what a service committed against its records in the broker.
    mutating func judgeStream(of service: String) {
        let records = observations.streams[service] ?? []
        var ghosts = Examples()
        var order = OrderCheck()
        var seen: Set<EventID> = []
        for record in records {
            if let objection = truth.objection(to: record.event) {
                ghosts.add("\(wording.told(record.event)): \(objection)")
            } else if seen.insert(record.event).inserted, let event = truth.facts[record.event]?.event {
                order.take(event) { wording.told(event.id) }
            }
        }
        find(.ghost, ghosts) {
            "\(Wording.counted($0, "record")) of the stream of \(service) \($0 == 1 ? "is" : "are") of no committed transaction"
        }
        find(.order, order.examples) {
            "in the stream of \(service), \(Wording.counted($0, "event")) came after a later one of the same key"
        }
        judgeMissing(of: service)
    }

    /// What is committed must be in the broker, or parked at the outbox.
    private mutating func judgeMissing(of service: String) {
        let here = (streamed[service] ?? []).union(parkedEvents[.outbox]?[service] ?? [])
        var missing: [Int: [WrittenEvent]] = [:]
        for (place, fate) in truth.fates where place.service == service {
            // Those that belong to the parked are looked for where parked events are judged.
            for event in fate.applied + fate.parkedAtViews where !here.contains(event.id) {
                if let fact = truth.facts[event.id] { missing[fact.transaction, default: []].append(event) }
            }
        }
        var lost = Examples()
        var torn = Examples()
        for (number, events) in missing.sorted(by: { $0.key < $1.key }) {
            let transaction = truth.transactions[number]
            let isInPart = transaction.events.contains { here.contains($0.id) }
            if transaction.outcome == .unknown, isInPart {
                torn.add(
                    """
                    transaction \(transaction.id) of unknown outcome at \(Wording.seconds(transaction.at)): \
                    \(events.count) of its \(transaction.events.count) events are missing, the first is \
                    \(events.first.map { wording.told($0.id) } ?? "")
                    """)
            } else {
                for event in events.sorted(by: { ($0.key, $0.version) < ($1.key, $1.version) }) {
                    lost.add(wording.told(event.id))
                }
            }
        }
        find(.torn, torn) { "of \(Wording.counted($0, "transaction")) of \(service), only a part is in the broker" }
        // What still waits in the outbox is not lost; that it waits is a finding already.
        let waits = observations.outboxes.contains { $0.service == service && $0.pending > 0 }
        find(waits ? .undrained : .acknowledgedBeforeDurable, lost) {
            """
            \(Wording.counted($0, "committed event")) of \(service) \($0 == 1 ? "is" : "are") not in the broker\
            \(waits ? "" : ", and in no outbox: the outbox was told that it is carried before the broker had it")
            """
        }
    }
}

/// Looks whether the versions of each key come in their order.
struct OrderCheck {
    private var last: [String: Int] = [:]
    private(set) var examples = Examples()

    /// - Parameter told: how to tell the event.
    mutating func take(_ event: WrittenEvent, told: () -> String) {
        let known = last[event.key] ?? 0
        if event.version < known {
            examples.add("\(told()), came after version \(known)")
        } else {
            last[event.key] = event.version
        }
    }
}
