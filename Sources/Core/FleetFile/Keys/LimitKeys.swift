internal import FleetCore

/// Reads `limit`: how fast, and how much at once, a subscription takes its events.
struct LimitKeys {
    let values: ValueReader

    func read(_ field: NamedValue?, _ owner: String) -> SubscriptionLimit {
        var limit = SubscriptionLimit()
        guard let field,
            let fields = values.fields(field.value, "the limit of \(owner)", known: ["rate", "in_flight"])
        else { return limit }
        if fields.isEmpty, case .mapping(let pairs) = field.value.content, pairs.isEmpty {
            let message = "the limit of \(owner) is empty"
            values.log.error(at: field.value.mark, message, remedy: "write rate: 500/s or in_flight: 1000")
        }
        limit.rate = fields["rate"].flatMap(rate)
        limit.inFlight = fields["in_flight"].flatMap(inFlight) ?? limit.inFlight
        return limit
    }

    func rate(_ field: NamedValue) -> EventRate? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if let rate = EventRate(unitText: read.text) { return rate }
        let remedy = "write a whole number above 0 and /s, /m or /h: 500/s, 30/m; at most 1000000/s"
        values.log.error(at: read.mark, "\(read.shown) is no rate of events", remedy: remedy)
        return nil
    }

    private func inFlight(_ field: NamedValue) -> EventCount? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        let most = BatchLimit.standard.events.value
        if read.text.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(read.text), (1...most).contains(count)
        {
            return EventCount(count)
        }
        let message = "\(read.shown) is no number of events in flight"
        values.log.error(at: read.mark, message, remedy: "write a whole number from 1 to \(most)")
        return nil
    }
}
