/// A set of paths as one tree, so that a scanner walks all of them at once.
///
/// The nodes stand in depth-first order in flat arrays of plain values: a look-up retains and allocates nothing, and
/// all that lies below a node is one range.
struct JSONPathTree: Sendable {
    struct Node: Sendable {
        /// The component that leads here, as a range of ``names``.
        var nameStart = 0
        var nameEnd = 0
        /// That component as an index of an array; -1 if it is none.
        var index = -1
        /// The first node that is not below this one: the next sibling, if the parent ends later.
        var end = 0
        /// The paths that end here, as a range of ``targets``; those that end below follow, up to `lastTarget`.
        var firstTarget = 0
        var ownTargetsEnd = 0
        var lastTarget = 0
    }

    static let root = 0

    private(set) var nodes: [Node] = []
    private(set) var names: [UInt8] = []
    /// Numbers of paths.
    private(set) var targets: [Int] = []

    /// A path longer than a document may be deep leads nowhere and is left out.
    init(_ paths: [JSONFieldPath]) {
        let routes = paths.enumerated()
            .filter { $0.element.components.count <= JSONScanner.deepest }
            .map { Route(target: $0.offset, components: $0.element.components.map { Array($0.utf8) }) }
        add(name: [], routes: routes, level: 0)
    }

    private struct Route {
        let target: Int
        let components: [[UInt8]]
    }

    private mutating func add(name: [UInt8], routes: [Route], level: Int) {
        var node = Node()
        node.nameStart = names.count
        names += name
        node.nameEnd = names.count
        node.index = JSONPathTree.arrayIndex(name) ?? -1
        node.firstTarget = targets.count
        targets += routes.filter { $0.components.count == level }.map(\.target)
        node.ownTargetsEnd = targets.count
        let position = nodes.count
        nodes.append(node)
        var open = routes.filter { $0.components.count > level }
        while let next = open.first?.components[level] {
            add(name: next, routes: open.filter { $0.components[level] == next }, level: level + 1)
            open.removeAll { $0.components[level] == next }
        }
        nodes[position].end = nodes.count
        nodes[position].lastTarget = targets.count
    }

    private static func arrayIndex(_ name: [UInt8]) -> Int? {
        guard let first = name.first, name.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return first == 0x30 && name.count > 1 ? nil : Int(String(decoding: name, as: UTF8.self))
    }
}

extension JSONPathTree {
    func hasChildren(_ node: Int) -> Bool { nodes[node].end > node + 1 }

    func child(of node: Int, index: Int) -> Int? {
        var child = node + 1
        while child < nodes[node].end {
            if nodes[child].index == index { return child }
            child = nodes[child].end
        }
        return nil
    }

    func child(of node: Int, name: UnsafeBufferPointer<UInt8>) -> Int? {
        var child = node + 1
        while child < nodes[node].end {
            if matches(nodes[child], name) { return child }
            child = nodes[child].end
        }
        return nil
    }

    @inline(__always) private func matches(_ node: Node, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard node.nameEnd - node.nameStart == name.count else { return false }
        for offset in 0..<name.count where names[node.nameStart + offset] != name[offset] { return false }
        return true
    }
}
