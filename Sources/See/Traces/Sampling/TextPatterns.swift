import Synchronization

/// Regular expressions, of which one is to be found somewhere in a text.
public final class TextPatterns: Sendable, Hashable {
    public let texts: [String]
    private let compiled: Mutex<Compiled>

    private struct Compiled {
        let patterns: [Regex<AnyRegexOutput>]
        /// Attributes say the same few things again and again.
        var answers: [String: Bool] = [:]
    }

    /// So many answers are remembered, and then all are forgotten.
    private static let remembered = 128
    /// So much of a text is looked at, in characters of Unicode: an expression may take the longer the longer a text is.
    public static let reach = 1024

    /// - Throws: what is wrong with the first that is none.
    public init(_ texts: [String]) throws {
        self.texts = texts
        var patterns: [Regex<AnyRegexOutput>] = []
        for text in texts {
            let pattern = try Regex(text)
            // By scalars, as other implementations read them, and not by what looks like one character.
            patterns.append(pattern.matchingSemantics(.unicodeScalar))
        }
        compiled = Mutex(Compiled(patterns: patterns))
    }

    func match(_ text: String) -> Bool {
        let text = Self.reached(text)
        return compiled.withLock { compiled -> Bool in
            if let answer = compiled.answers[text] { return answer }
            let isFound = compiled.patterns.contains { text.firstMatch(of: $0) != nil }
            if compiled.answers.count >= Self.remembered { compiled.answers = [:] }
            compiled.answers[text] = isFound
            return isFound
        }
    }

    private static func reached(_ text: String) -> String {
        // A character has a byte at least.
        guard text.utf8.count > reach else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(reach)))
    }

    public static func == (left: TextPatterns, right: TextPatterns) -> Bool { left.texts == right.texts }
    public func hash(into hasher: inout Hasher) { hasher.combine(texts) }
}
