internal import FleetCore
internal import Wire

extension WebhookSecret {
    /// Reads a secret; `nil` where it is none, which is reported.
    static func read(_ field: NamedValue, _ values: ValueReader) -> WebhookSecret? {
        guard let text = values.text(field.value, "\"secret\"") else { return nil }
        do {
            let secret = try WebhookSecret(text.text)
            if secret.key.count < WebhookSecret.shortestKey.value {
                let message = "\"secret\" is short: a key of less than \(WebhookSecret.shortestKey) can be guessed"
                values.log.warning(
                    at: text.mark, message, remedy: "make one: echo whsec_$(openssl rand -base64 32)")
            }
            return secret
        } catch {
            values.log.error(at: text.mark, "\"secret\" is wrong: \(error.message)", remedy: error.remedy ?? "")
            return nil
        }
    }
}
