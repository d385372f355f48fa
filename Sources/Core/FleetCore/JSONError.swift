/// Why some bytes are not the JSON that they should be.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The byte at which it was noticed, counted from 0. It is the count of bytes where the text ends too early.
    public let offset: Int
    /// What is wrong there. Fixed text: it never quotes the document.
    public let reason: String

    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { "\(reason) (at byte \(offset))" }
}
