/// Takes the values of some fields out of JSON documents. Made once for a set of paths, used for every document.
///
///     let fields = JSONFields([JSONFieldPath(["customer", "name"]), JSONFieldPath(["lines", "0", "sku"])])
///     let values = try fields.extract(from: event.payload)
public struct JSONFields: Sendable {
    private let tree: JSONPathTree
    private let count: Int
    private let keepsNumbers: Bool

    /// - Parameter keepsNumbers: whether a number is given as it is written (``JSONValue/json(_:)``), not as its value.
    public init(_ paths: [JSONFieldPath], keepsNumbers: Bool = false) {
        tree = JSONPathTree(paths)
        count = paths.count
        self.keepsNumbers = keepsNumbers
    }

    /// One value for each path, in their order; `nil` where the document has no such field.
    ///
    /// The whole document is checked, in one pass, and no tree is built: it is one JSON text (RFC 8259) in UTF-8
    /// without a byte order mark, at most 128 objects and arrays deep, and no escape in it is half of a surrogate
    /// pair. Of several members of one name the last one counts. A number that is taken and that only infinity could
    /// stand for is refused too.
    public func extract(from bytes: [UInt8]) throws(JSONError) -> [JSONValue?] {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> [JSONValue?] in
            var extraction = JSONExtraction(
                JSONScanner(buffer), tree, count: count, keepsNumbers: keepsNumbers)
            return try extraction.run()
        }
    }
}

/// One document's way through ``JSONFields``.
private struct JSONExtraction {
    private var scanner: JSONScanner
    private let tree: JSONPathTree
    private let keepsNumbers: Bool
    private var values: [JSONValue?]

    init(_ scanner: JSONScanner, _ tree: JSONPathTree, count: Int, keepsNumbers: Bool) {
        self.scanner = scanner
        self.tree = tree
        self.keepsNumbers = keepsNumbers
        values = Array(repeating: nil, count: count)
    }

    mutating func run() throws(JSONError) -> [JSONValue?] {
        scanner.skipWhitespace()
        try take(JSONPathTree.root, depth: 0)
        try scanner.finish()
        return values
    }

    /// Passes the value to which the path of `node` leads, and takes what is wanted of it.
    private mutating func take(_ node: Int, depth: Int) throws(JSONError) {
        let start = scanner.position
        let isWanted = tree.nodes[node].firstTarget < tree.nodes[node].ownTargetsEnd
        switch scanner.current {
        case UInt8(ascii: "{") where tree.hasChildren(node):
            try takeMembers(node, depth: depth)
        case UInt8(ascii: "[") where tree.hasChildren(node):
            try takeElements(node, depth: depth)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try scanner.skipValue(depth: depth)
        case UInt8(ascii: "-") where keepsNumbers, UInt8(ascii: "0")...UInt8(ascii: "9") where keepsNumbers:
            try scanner.skipValue(depth: depth)
        default:
            if isWanted { return store(try scanner.scalar(), at: node) }
            return try scanner.skipValue(depth: depth)
        }
        if isWanted {
            store(.json(scanner.source(from: start, to: scanner.position)), at: node)
        }
    }

    private mutating func takeMembers(_ node: Int, depth: Int) throws(JSONError) {
        guard try scanner.openObject(depth: depth) else { return }
        repeat {
            let name = try scanner.memberName()
            if let child = child(of: node, named: name) {
                forget(child)
                try take(child, depth: depth + 1)
            } else {
                try scanner.skipValue(depth: depth + 1)
            }
        } while try scanner.anotherMember()
    }

    private mutating func takeElements(_ node: Int, depth: Int) throws(JSONError) {
        guard try scanner.openArray(depth: depth) else { return }
        var index = 0
        repeat {
            if let child = tree.child(of: node, index: index) {
                try take(child, depth: depth + 1)
            } else {
                try scanner.skipValue(depth: depth + 1)
            }
            index += 1
        } while try scanner.anotherElement()
    }

    private func child(of node: Int, named name: JSONStringSpan) -> Int? {
        if name.hasEscapes {
            return scanner.decoded(name).withUnsafeBufferPointer { tree.child(of: node, name: $0) }
        }
        return tree.child(of: node, name: UnsafeBufferPointer(rebasing: scanner.bytes[name.start..<name.end]))
    }

    private mutating func store(_ value: JSONValue, at node: Int) {
        for target in tree.nodes[node].firstTarget..<tree.nodes[node].ownTargetsEnd {
            values[tree.targets[target]] = value
        }
    }

    /// Drops what an earlier member of the same name left, at `node` and below.
    private mutating func forget(_ node: Int) {
        for target in tree.nodes[node].firstTarget..<tree.nodes[node].lastTarget {
            values[tree.targets[target]] = nil
        }
    }
}
