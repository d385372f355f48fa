/// A value of a YAML document, with the place where it stands.
struct YAMLNode {
    enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// Something was wrong here and is reported already.
        case unreadable
    }

    var content: Content
    /// Where the value begins; for an alias where the alias stands.
    var mark: TextMark
    /// The number of values in the tree below and with this one, aliases counted in full.
    var weight = 1
    /// The levels of collections in the tree: 0 for a scalar.
    var height = 0

    /// What the value is, for people.
    var kind: String {
        switch content {
        case .scalar: "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .unreadable: "unreadable"
        }
    }

    /// Whether nothing is given: no value at all, or a plain `~`.
    var isEmpty: Bool {
        guard case .scalar(let scalar) = content else { return false }
        return scalar.style == .plain && (scalar.text.isEmpty || scalar.text == "~")
    }
}

/// One key of a mapping and its value.
struct YAMLEntry {
    var key: YAMLNode
    var value: YAMLNode
}

/// A text, exactly as the file has it: no schema makes numbers, dates or truth values of it.
struct YAMLScalar: Sendable {
    enum Style: Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

    var text: String
    var style: Style
    /// Where it begins, its anchor and tag left out, and ends; for an alias these are the anchored value's.
    var start: TextMark
    var end: TextMark
}
