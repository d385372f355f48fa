extension StoreSchema {
    /// So many tables, and of a table so many columns, are named.
    private static let namesLimit = 3
    private static let longestText = 300

    /// What was changed, in a few words: `table orders altered (column note added)`.
    /// - Returns: `nil` where nothing that is known of both has changed.
    public func changes(since before: StoreSchema) -> String? {
        let (old, new) = (before.known(with: self), known(with: before))
        let (oldNames, newNames) = (Set(old.map(\.name)), Set(new.map(\.name)))
        let known = Dictionary(old.map { ($0.name, $0) }) { first, _ in first }
        var parts: [String] = []
        let added = new.map(\.name).filter { !oldNames.contains($0) }
        if !added.isEmpty { parts.append("\(Self.list("table", added)) added") }
        let removed = old.map(\.name).filter { !newNames.contains($0) }
        if !removed.isEmpty { parts.append("\(Self.list("table", removed)) removed") }
        let altered = new.compactMap { table in
            known[table.name].flatMap { table.columns == $0.columns ? nil : (table.name, table.changes(since: $0)) }
        }
        for (name, what) in altered.prefix(Self.namesLimit) {
            parts.append("table \(Self.shown(name)) altered (\(what))")
        }
        if altered.count > Self.namesLimit { parts.append("\(altered.count - Self.namesLimit) more altered") }
        guard !parts.isEmpty else { return nil }
        let text = parts.joined(separator: "; ")
        return text.count > Self.longestText ? "\(text.prefix(Self.longestText))…" : text
    }

    /// The tables of which both know everything.
    private func known(with other: StoreSchema) -> ArraySlice<Table> {
        let ends = [end, other.end].compactMap(\.self)
        return tables.prefix { table in ends.allSatisfy { table.name.utf8.lexicographicallyPrecedes($0.utf8) } }
    }

    /// The same, with what somebody is known to have changed: tables that differ from `before` to `after` are as after.
    public func with(changesFrom before: StoreSchema, to after: StoreSchema) -> StoreSchema {
        func byName(_ schema: StoreSchema) -> [String: Table] {
            Dictionary(schema.tables.map { ($0.name, $0) }) { first, _ in first }
        }
        let (old, new) = (byName(before), byName(after))
        var all = byName(self)
        for name in Set(old.keys).union(new.keys) where old[name] != new[name] { all[name] = new[name] }
        let tables = all.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return StoreSchema(tables: tables, end: end)
    }

    /// `table a`, `tables a, b, c and 2 more`.
    static func list(_ what: String, _ names: [String]) -> String {
        let shown = names.prefix(namesLimit).map(Self.shown).joined(separator: ", ")
        let rest = names.count > namesLimit ? " and \(names.count - namesLimit) more" : ""
        return "\(what)\(names.count == 1 ? "" : "s") \(shown)\(rest)"
    }

    /// A name may hold anything; what is told is one line.
    static func shown(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
                    default: scalar
                    }
                }))
    }
}

extension StoreSchema.Table {
    /// `column note added; column total is bigint, was integer`.
    fileprivate func changes(since before: StoreSchema.Table) -> String {
        let old = Dictionary(before.columns.map { ($0.name, $0.type) }) { first, _ in first }
        let new = Set(columns.map(\.name))
        var parts: [String] = []
        let added = columns.map(\.name).filter { old[$0] == nil }
        if !added.isEmpty { parts.append("\(StoreSchema.list("column", added)) added") }
        let removed = before.columns.map(\.name).filter { !new.contains($0) }
        if !removed.isEmpty { parts.append("\(StoreSchema.list("column", removed)) removed") }
        let retyped = columns.filter { column in old[column.name].map { $0 != column.type } ?? false }
        if let one = retyped.first, retyped.count == 1 {
            let type = (StoreSchema.shown(one.type), StoreSchema.shown(old[one.name] ?? ""))
            parts.append("column \(StoreSchema.shown(one.name)) is \(type.0), was \(type.1)")
        } else if !retyped.isEmpty {
            parts.append("\(StoreSchema.list("column", retyped.map(\.name))) of another type")
        }
        return parts.isEmpty ? "columns in another order" : parts.joined(separator: "; ")
    }
}
