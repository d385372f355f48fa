/// A place in a file: line and column count from 1, columns in characters.
public struct SourceLocation: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// A text out of the fleet file that knows where each part of it stands there.
public struct SourceText: Sendable, Hashable {
    /// How the text's lines lie in the file.
    public enum Layout: Sendable, Hashable {
        /// A literal block (`|`): line `n` of the text is line `firstLine + n` of the file, from column `column` on.
        case literalBlock(firstLine: Int, column: Int)
        /// On one line of the file, beginning at the location itself.
        case inline
        /// Folded or escaped: only the beginning is known.
        case opaque
    }

    public var text: String
    /// Where the value begins.
    public var location: SourceLocation
    public var layout: Layout

    public init(_ text: String, at location: SourceLocation, layout: Layout) {
        self.text = text
        self.location = location
        self.layout = layout
    }

    /// The place in the file of the text's byte at `offset` (in UTF-8).
    public func location(ofByte offset: Int) -> SourceLocation {
        let bytes = text.utf8.prefix(max(0, offset))
        let before = String(decoding: bytes, as: UTF8.self)
        let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
        let column = lines.last?.count ?? 0
        switch layout {
        case .literalBlock(let firstLine, let firstColumn):
            return SourceLocation(
                file: location.file, line: firstLine + max(0, lines.count - 1), column: firstColumn + column)
        case .inline:
            return SourceLocation(file: location.file, line: location.line, column: location.column + before.count)
        case .opaque:
            return location
        }
    }
}

/// Something wrong with a fleet file, where it is, and how to mend it.
public struct Problem: Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable, Hashable { case error, warning }

    public var severity: Severity
    public var location: SourceLocation
    public var message: String
    /// An instruction; empty where the message says it all.
    public var remedy: String
    /// Whether what it is about was left out, and the rest of the file goes on without it.
    public var leavesOut = false

    public init(_ severity: Severity = .error, at location: SourceLocation, _ message: String, remedy: String = "") {
        self.severity = severity
        self.location = location
        self.message = message
        self.remedy = remedy
    }

    /// `file:line:column: error: message; remedy`, as compilers write it.
    public var description: String {
        "\(location): \(severity.rawValue): \(message)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}
