/// Text that comes from a fleet, for a terminal or a line of the log: it ends no line, moves no cursor and rings no bell.
enum VisibleText {
    static func of(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnseen) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isUnseen($0) ? "\u{FFFD}" : $0 }))
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        // Most of what is said is in ASCII.
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
