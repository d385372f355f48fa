import FleetCore

/// The spans of a trace in the order in which people read them: each behind the one that it is a part of.
public struct SpanTree: Sendable {
    public struct Row: Sendable {
        public let span: Span
        /// Of how many others it is a part.
        public let depth: Int
    }

    public let rows: [Row]

    /// - Parameter spans: of one trace, in any order. Those whose parent is not among them begin at the left; so do those that
    ///   say they are a part of themselves, by whatever way.
    public init(_ spans: [Span]) {
        let ids = Set(spans.map(\.context.span))
        func isRoot(_ span: Span) -> Bool { span.parent.map { !ids.contains($0) || $0 == span.context.span } ?? true }
        let sorted = spans.indices.sorted {
            (spans[$0].start, spans[$0].end, $0) < (spans[$1].start, spans[$1].end, $1)
        }
        let children = Dictionary(grouping: sorted.filter { !isRoot(spans[$0]) }) { spans[$0].parent }
        var rows: [Row] = []
        var seen: Set<Int> = []
        func add(from root: Int) {
            var next = [(root, 0)]
            while let (index, depth) = next.popLast() {
                guard seen.insert(index).inserted else { continue }
                let span = spans[index]
                rows.append(Row(span: span, depth: depth))
                for child in (children[span.context.span] ?? []).reversed() { next.append((child, depth + 1)) }
            }
        }
        for index in sorted where isRoot(spans[index]) { add(from: index) }
        for index in sorted where !seen.contains(index) { add(from: index) }
        self.rows = rows
    }
}
