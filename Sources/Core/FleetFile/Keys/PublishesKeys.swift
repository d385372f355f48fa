internal import FleetCore

/// Reads `publishes`: a list of event types, or `["*"]`.
struct PublishesKeys {
    let values: ValueReader

    /// - Parameter isKnown: Whether a missing key means that the service publishes nothing.
    func read(_ field: NamedValue?, isKnown: Bool) -> Publishers.Publisher {
        guard let field else { return Publishers.Publisher(types: isKnown ? .listed([]) : nil) }
        let remedy = "write [Type, OtherType], or [\"*\"] for all"
        guard let items = values.list(field.value, "\"publishes\"", remedy: remedy) else {
            return Publishers.Publisher(types: nil)
        }
        var types: [EventType] = []
        var shown: [String] = []
        var firsts: [String: TextMark] = [:]
        var star: TextMark?
        var isComplete = true
        for item in items {
            guard let read = values.text(item, "an event of \"publishes\"") else {
                isComplete = false
                continue
            }
            if let first = firsts[read.text] {
                let line = values.source.location(first).line
                let message = "\(read.shown) is published twice: first at line \(line)"
                values.log.error(at: read.mark, message, remedy: "keep one of the two")
                continue
            }
            firsts[read.text] = read.mark
            if read.text == "*" {
                star = read.mark
            } else if let type: EventType = values.name(read.text, shown: read.shown, at: read.mark, "an event") {
                types.append(type)
                if !read.hasVariables { shown.append(type.text) }
            } else {
                isComplete = false
            }
        }
        if let star {
            if !types.isEmpty {
                let message = "\"*\" publishes every event, and stands beside others"
                values.log.error(at: star, message, remedy: "write [\"*\"] alone, or remove \"*\"")
            }
            return Publishers.Publisher(types: .all, shown: shown)
        }
        return Publishers.Publisher(types: isComplete ? .listed(types) : nil, shown: shown)
    }
}
