internal import FleetCore
internal import Wire

/// Reads `topic` and `format`: where a service's events go on brokers that have topics, and how they are written there.
struct WireKeys {
    let values: ValueReader

    func topic(_ field: NamedValue) -> TopicPattern? {
        if case .mapping = field.value.content {
            let message = "\"topic\" must be a text, but is a mapping"
            values.log.error(at: field.value.mark, message, remedy: "put it into quotes: topic: \"{aggregatetype}\"")
            return nil
        }
        let theirs = "${routedByValue}"
        if case .scalar(let scalar) = field.value.content, scalar.text.contains(theirs) {
            let message = "\(theirs) is a placeholder of Debezium's"
            values.log.error(at: field.value.mark, message, remedy: "write {aggregatetype} in its place")
            return nil
        }
        guard let read = values.text(field.value, "\"topic\"") else { return nil }
        do {
            return try TopicPattern(read.text)
        } catch {
            // What a variable stands for does not show.
            let message = read.hasVariables ? "" : ": \(Shown.cut(error.message))"
            values.log.error(at: read.mark, "\(read.shown) is no topic\(message)", remedy: error.remedy ?? "")
            return nil
        }
    }

    func format(_ field: NamedValue) -> WireFormat? {
        guard let read = values.text(field.value, "\"format\"") else { return nil }
        if let format = WireFormat(rawValue: read.text) { return format }
        let known = WireFormat.allCases.map(\.rawValue)
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: known)
        let remedy = nearest.map { "did you mean \"\($0)\"?" } ?? "use \(known.joined(separator: " or "))"
        values.log.error(at: read.mark, "\(read.shown) is no format", remedy: remedy)
        return nil
    }
}
