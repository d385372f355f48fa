/// Says what libyaml found wrong, and what people usually did.
enum SyntaxAdvice {
    static func problem(_ error: YAMLSyntaxError, in source: SourceLines) -> Problem {
        if error.context?.contains("scanning an alias") == true {
            let message = "this is not YAML: * begins an alias, and no name follows it"
            return Problem(at: source.location(error.contextMark), message, remedy: "for a star write \"*\" in quotes")
        }
        // libyaml's own bound, far beyond the composer's.
        if error.problem.contains("nesting level") {
            return Problem(
                at: source.location(error.mark), "nested deeper than \(YAMLComposer.deepest) levels",
                remedy: "flatten it")
        }
        var message = "this is not YAML: \(error.problem)"
        if let context = error.context {
            message += " \(context)"
            if error.contextMark != error.mark { message += " that begins at \(place(error.contextMark, source))" }
        }
        return Problem(at: source.location(error.mark), message, remedy: remedy(error, in: source))
    }

    private static func place(_ mark: TextMark, _ source: SourceLines) -> String {
        let location = source.location(mark)
        return "line \(location.line), column \(location.column)"
    }

    private static func remedy(_ error: YAMLSyntaxError, in source: SourceLines) -> String {
        let line = source.line(error.mark.line)
        let indentation = line.prefix { $0 == 0x20 || $0 == 0x09 }
        if indentation.contains(0x09) || error.problem.contains("tab") { return "indent with spaces, not with tabs" }
        let text = String(decoding: line, as: UTF8.self)
        if error.problem.contains("cannot start any token") {
            return "put the value into quotes"
        }
        if error.context?.contains("flow") == true, text.contains("${") {
            return "put a value with ${…} into quotes inside [ ] and { }"
        }
        if error.problem.contains("mapping values are not allowed") {
            return "put a value that contains \": \" into quotes, or correct the indentation"
        }
        if error.problem.contains("unexpected end of stream") || error.context?.contains("flow") == true {
            return "close every quote and bracket"
        }
        return "correct the indentation, or the quotes of this line"
    }
}
