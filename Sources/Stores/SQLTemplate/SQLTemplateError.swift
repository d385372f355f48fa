/// Everything that is wrong with a template, in the order of the text.
public struct SQLTemplateError: Error, Sendable {
    public struct Problem: Hashable, Sendable {
        /// Where it begins in the template's text, in bytes of UTF-8.
        public let byteOffset: Int
        /// One sentence: what is wrong.
        public let message: String
        /// How to mend it, as an instruction.
        public let remedy: String

        public init(byteOffset: Int, message: String, remedy: String) {
            self.byteOffset = byteOffset
            self.message = message
            self.remedy = remedy
        }
    }

    /// At least one.
    public let problems: [Problem]

    public init(problems: [Problem]) {
        self.problems = problems
    }
}

extension SQLTemplateError: CustomStringConvertible {
    public var description: String {
        problems.map { "byte \($0.byteOffset): \($0.message) \($0.remedy)" }.joined(separator: "\n")
    }
}
