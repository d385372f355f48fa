/// Finds how a scalar's text lies in the file, so that a byte of the text can be pointed at.
///
/// Nothing is assumed about YAML's rules for indentation, chomping and folding: a layout is only claimed where the
/// text is really found in the file.
enum ScalarLayout {
    static func sourceText(_ scalar: YAMLScalar, in source: SourceLines) -> SourceText {
        switch scalar.style {
        case .literal:
            if let layout = literalBlock(scalar, in: source) {
                return SourceText(scalar.text, at: source.location(scalar.start), layout: layout)
            }
        case .plain, .singleQuoted, .doubleQuoted:
            if scalar.start.line == scalar.end.line {
                let quote = scalar.style == .plain ? 0 : 1
                let raw = source.slice(from: scalar.start, to: scalar.end).dropFirst(quote).dropLast(quote)
                if raw.elementsEqual(scalar.text.utf8) {
                    let start = TextMark(line: scalar.start.line, column: scalar.start.column + quote)
                    return SourceText(scalar.text, at: source.location(start), layout: .inline)
                }
            }
        case .folded: break
        }
        return SourceText(scalar.text, at: source.location(scalar.start), layout: .opaque)
    }

    /// The indentation is what precedes the text's first line with content in the file.
    private static func literalBlock(_ scalar: YAMLScalar, in source: SourceLines) -> SourceText.Layout? {
        let first = scalar.start.line + 1
        for (index, line) in scalar.text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { continue }
            let whole = source.line(first + index)
            let indentation = whole.count - line.count
            guard indentation > 0, whole.dropFirst(indentation).elementsEqual(line),
                whole.prefix(indentation).allSatisfy({ $0 == 0x20 })
            else { return nil }
            return .literalBlock(firstLine: first + 1, column: indentation + 1)
        }
        return nil
    }

    /// Where the `${` at a byte of the text stands: exactly where the layout says so, otherwise the `${` of the same
    /// count in the file.
    static func location(ofVariableAt offset: Int, in scalar: YAMLScalar, _ source: SourceLines) -> SourceLocation {
        let text = sourceText(scalar, in: source)
        guard text.layout == .opaque else { return text.location(ofByte: offset) }
        let starts = variableStarts(Array(scalar.text.utf8))
        let raw = source.slice(from: scalar.start, to: scalar.end)
        let written = variableStarts(Array(raw))
        guard starts.count == written.count, let count = starts.firstIndex(of: offset) else { return text.location }
        return source.location(source.mark(ofByte: raw.startIndex + written[count], after: scalar.start))
    }

    private static func variableStarts(_ bytes: [UInt8]) -> [Int] {
        bytes.indices.dropLast().filter { bytes[$0] == UInt8(ascii: "$") && bytes[$0 + 1] == UInt8(ascii: "{") }
    }
}
