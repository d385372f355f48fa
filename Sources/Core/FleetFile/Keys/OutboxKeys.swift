internal import FleetCore

/// Reads `outbox`: the table, and how rows leave it.
struct OutboxKeys {
    let values: ValueReader
    /// The kind of store that holds the outbox; `nil` where that is not known.
    let storeScheme: String?

    func read(_ field: NamedValue, _ subject: String) -> OutboxDefinition {
        var outbox = OutboxDefinition()
        let known = ["table", "keep", "capture", "max_event", "max_retained"]
        guard let fields = values.fields(field.value, subject, known: known) else { return outbox }
        if let field = fields["table"], let read = values.text(field.value, "\"table\""),
            let table: TableName = values.name(read.text, shown: read.shown, at: read.mark, "a table")
        {
            outbox.table = table
        }
        outbox.keep = values.duration(fields["keep"]) ?? outbox.keep
        outbox.capture = fields["capture"].flatMap(readCapture) ?? outbox.capture
        if outbox.capture == .message, let field = fields["table"] ?? fields["keep"] {
            let message = "with capture: message there is no table"
            values.log.error(at: field.mark, message, remedy: "remove \(field.shown)")
        }
        outbox.maximumEventSize = values.size(fields["max_event"]) ?? outbox.maximumEventSize
        outbox.maximumRetainedLog = values.size(fields["max_retained"]) ?? outbox.maximumRetainedLog
        if outbox.capture == .poll, let field = fields["max_retained"] {
            let message = "with capture: poll no log is retained"
            values.log.error(at: field.mark, message, remedy: "remove \(field.shown)")
        }
        return outbox
    }

    private func readCapture(_ field: NamedValue) -> CaptureMode? {
        guard let read = values.text(field.value, "\"capture\"") else { return nil }
        let modes = (storeScheme == StoreKeys.sqlite ? [.poll] : CaptureMode.allCases).map(\.rawValue)
        if modes.contains(read.text) { return CaptureMode(rawValue: read.text) }
        let names = modes.joined(separator: ", ")
        if CaptureMode(rawValue: read.text) != nil {
            let message = "a SQLite store has no capture mode \(read.shown)"
            values.log.error(at: read.mark, message, remedy: "use \(names): log and message read PostgreSQL's log")
            return nil
        }
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: modes)
        let remedy = nearest.map { "did you mean \"\($0)\"?" } ?? "use \(names)"
        values.log.error(at: read.mark, "\(read.shown) is no capture mode", remedy: remedy)
        return nil
    }
}
