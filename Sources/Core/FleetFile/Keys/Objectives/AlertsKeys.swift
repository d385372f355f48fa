internal import FleetCore
internal import Wire

/// Reads `alerts`: who is told where an objective's budget is spent too fast.
struct AlertsKeys {
    let values: ValueReader

    func read(_ field: NamedValue) -> AlertsDefinition {
        var alerts = AlertsDefinition()
        guard
            let fields = values.fields(field.value, "\"alerts\"", known: ["log", "webhook", "alertmanager"])
        else { return alerts }
        alerts.log = fields["log"].flatMap(truth) ?? true
        if let field = fields["webhook"],
            let fields = values.fields(field.value, "\"webhook\"", known: ["url", "secret"])
        {
            let place = place(fields, field, "http://HOST:PORT/PATH")
            let secret = fields["secret"].flatMap { WebhookSecret.read($0, values) }
            alerts.webhook = place.map { AlertWebhook(place: $0, secret: secret) }
        }
        if let field = fields["alertmanager"],
            let fields = values.fields(field.value, "\"alertmanager\"", known: ["url"])
        {
            alerts.alertmanager = place(fields, field, "http://HOST:9093", before: "/api/v2/alerts")
        }
        return alerts
    }

    private func truth(_ field: NamedValue) -> Bool? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if let truth = ["true": true, "false": false][read.text] { return truth }
        values.log.error(at: read.mark, "\(read.shown) is neither yes nor no", remedy: "write true or false")
        return nil
    }

    /// - Parameter path: what is added to the URL; `nil` for nothing.
    private func place(
        _ fields: [String: NamedValue], _ field: NamedValue, _ form: String, before path: String? = nil
    ) -> AlertPlace? {
        guard let url = values.required("url", of: fields, field.value, field.shown, remedy: "add url: \(form)"),
            let text = values.text(url.value, "\"url\"")
        else { return nil }
        do {
            let name = try PushURL(text.text).shown(text)
            if let path, text.text.contains("?") {
                let message = "\"url\" has a query, which has no place in front of \(path)"
                values.log.error(at: text.mark, message, remedy: "remove it: write \(form)")
                return nil
            }
            return AlertPlace(url: text.text, name: name)
        } catch {
            values.log.error(at: text.mark, "\"url\" \(error.message)", remedy: error.remedy ?? "")
            return nil
        }
    }
}
