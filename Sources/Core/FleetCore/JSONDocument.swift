/// What is asked of whole JSON documents.
public enum JSONDocument {
    /// Throws unless the bytes are one JSON text, by the same rules as ``JSONFields/extract(from:)``.
    public static func validate(_ bytes: [UInt8]) throws(JSONError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Void in
            var scanner = JSONScanner(buffer)
            scanner.skipWhitespace()
            try scanner.skipValue(depth: 0)
            try scanner.finish()
        }
    }

    /// The members of a document that is one object of nothing but strings, such as headers, in their order.
    ///
    /// Of several members of one name the last one counts, and stands where the first one stood.
    public static func stringMembers(of bytes: [UInt8]) throws(JSONError) -> [(name: String, value: String)] {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> [(name: String, value: String)] in
            var scanner = JSONScanner(buffer)
            scanner.skipWhitespace()
            if scanner.current != UInt8(ascii: "{") { throw scanner.problem("the document is no object") }
            let members = try stringMembers(&scanner)
            try scanner.finish()
            return members
        }
    }

    private static func stringMembers(
        _ scanner: inout JSONScanner
    ) throws(JSONError) -> [(name: String, value: String)] {
        var members: [(name: String, value: String)] = []
        var places: [[UInt8]: Int] = [:]
        guard try scanner.openObject(depth: 0) else { return members }
        repeat {
            let name = try scanner.memberName()
            if scanner.current != UInt8(ascii: "\"") { throw scanner.problem("a member's value is no string") }
            let value = scanner.text(of: try scanner.string())
            if let place = places.updateValue(members.count, forKey: scanner.decoded(name)) {
                members[place].value = value
                places[scanner.decoded(name)] = place
            } else {
                members.append((scanner.text(of: name), value))
            }
        } while try scanner.anotherMember()
        return members
    }
}
