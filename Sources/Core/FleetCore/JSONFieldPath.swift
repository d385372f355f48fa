/// The way to a field of a JSON document: names of members, or indexes of arrays, from the outside in.
///
/// Names are compared byte by byte, as JSON compares them: two spellings of `é` are two names.
public struct JSONFieldPath: Sendable {
    /// No components mean the whole document. A component of digits (`0`, `12`, not `012`) is an index where it
    /// meets an array, and a name where it meets an object.
    public let components: [String]

    public init(_ components: [String]) {
        self.components = components
    }
}

extension JSONFieldPath: Hashable {
    public static func == (left: JSONFieldPath, right: JSONFieldPath) -> Bool {
        left.components.elementsEqual(right.components) { $0.utf8.elementsEqual($1.utf8) }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(components.count)
        for component in components {
            for byte in component.utf8 { hasher.combine(byte) }
            hasher.combine(UInt8(0xFF))
        }
    }
}

extension JSONFieldPath: CustomStringConvertible {
    /// `a.b.0`; a component that is not plain letters, digits and underscores stands in quotes: `a."b c"`.
    public var description: String {
        components.map { JSONFieldPath.isPlain($0) ? $0 : "\"\(JSONFieldPath.doublingQuotes($0))\"" }
            .joined(separator: ".")
    }

    private static func isPlain(_ component: String) -> Bool {
        !component.isEmpty
            && component.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    private static func doublingQuotes(_ component: String) -> String {
        component.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    }
}
