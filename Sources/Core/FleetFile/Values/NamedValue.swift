/// A key of a mapping, as a text, and its value.
struct NamedValue {
    var name: String
    var mark: TextMark
    var value: YAMLNode
    /// Whether the mapping has the key before; it is reported already.
    var isDuplicate: Bool

    /// The name as messages show it.
    var shown: String { Shown.quoted(name) }
}
