internal import FleetCore

/// Reads `outbox`: the table, and how rows leave it.
struct OutboxKeys {
    /// Modes of the design that this build has no code for.
    private static let laterModes: Set<String> = ["log", "message"]

    let values: ValueReader

    func read(_ field: NamedValue, _ subject: String) -> OutboxDefinition {
        var outbox = OutboxDefinition()
        let known = ["table", "keep", "capture", "max_event"]
        guard let fields = values.fields(field.value, subject, known: known) else { return outbox }
        if let field = fields["table"], let read = values.text(field.value, "\"table\""),
            let table: TableName = values.name(read.text, shown: read.shown, at: read.mark, "a table")
        {
            outbox.table = table
        }
        outbox.keep = values.duration(fields["keep"]) ?? outbox.keep
        outbox.capture = fields["capture"].flatMap(readCapture) ?? outbox.capture
        outbox.maximumEventSize = values.size(fields["max_event"]) ?? outbox.maximumEventSize
        return outbox
    }

    private func readCapture(_ field: NamedValue) -> OutboxDefinition.Capture? {
        guard let read = values.text(field.value, "\"capture\"") else { return nil }
        if let capture = OutboxDefinition.Capture(rawValue: read.text) { return capture }
        let modes = OutboxDefinition.Capture.allCases.map(\.rawValue)
        let names = modes.joined(separator: ", ")
        if Self.laterModes.contains(read.text) {
            let message = "the capture mode \(read.shown) is not part of this build yet"
            values.log.error(at: read.mark, message, remedy: "use \(names)")
            return nil
        }
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: modes)
        let remedy = nearest.map { "did you mean \"\($0)\"?" } ?? "use \(names)"
        values.log.error(at: read.mark, "\(read.shown) is no capture mode", remedy: remedy)
        return nil
    }
}
