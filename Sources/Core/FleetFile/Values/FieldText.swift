/// A scalar value that was read: variables replaced, and what a message may show of it.
struct FieldText {
    /// The value. It may hold a secret.
    var text: String
    /// The value as the file writes it, in quotes and redacted: what variables stand for does not show.
    var shown: String
    /// Whether a variable gave a part of it.
    var hasVariables: Bool
    var mark: TextMark
}
