import FleetCore
import SQLiteConnection
import Stores

/// The tables, indexes, triggers and SQL views that a view's schema makes in a file.
struct SQLiteViewObjects {
    /// `type name`, as `sqlite_master` tells them, in the order in which they were made.
    var objects: [Object]

    struct Object: Hashable, Sendable {
        var type: String
        var name: String
    }

    /// Runs a view's schema, and notes what it made.
    /// - Throws: `statement` where the schema fails; the message names the view.
    static func create(_ view: ViewNeeds, in session: SQLiteSession) throws {
        let before = try all(in: session)
        do {
            try session.script(view.schema)
        } catch let error as FleetError where error.code == .statement {
            throw FleetError(
                .statement, "the schema of view \(view.subscription) cannot be run: \(error.message)",
                remedy: "mend `schema:`, or drop what is in its way", underlying: error.underlying)
        }
        let known = Set(before)
        let made = try all(in: session).filter { !known.contains($0) }
        try session.run(
            """
            INSERT INTO flotilla_views (name, schema, objects) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET schema = excluded.schema, objects = excluded.objects
            """,
            [
                .text(view.subscription.name), .text(view.schema),
                .text(made.map { "\($0.type) \($0.name)" }.joined(separator: "\n")),
            ])
    }

    /// What a view's schema made, as it was noted; `nil` where the file does not know the view.
    init?(of view: String, in session: SQLiteSession) throws {
        guard let row = try session.firstRow("SELECT objects FROM flotilla_views WHERE name = $1", [.text(view)])
        else { return nil }
        objects = (row[0].text ?? "").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? Object(type: String(parts[0]), name: String(parts[1])) : nil
        }
    }

    /// The tables among them that hold rows of their own: not the shadow tables of a virtual one.
    func tables(in session: SQLiteSession) throws -> [String] {
        let kinds = try session.rows("SELECT name, type FROM pragma_table_list WHERE schema = 'main'")
        let real = Set(kinds.filter { $0[1].text == "table" || $0[1].text == "virtual" }.compactMap { $0[0].text })
        return objects.filter { $0.type == "table" && real.contains($0.name) }.map(\.name)
    }

    /// Drops them, as far as they are still there.
    func drop(in session: SQLiteSession) throws {
        let present = Set(try Self.all(in: session))
        let tables = Set(try tables(in: session))
        for object in objects.reversed() where present.contains(object) && object.type != "index" {
            if object.type == "table", !tables.contains(object.name) { continue }
            try session.script("DROP \(object.type) IF EXISTS main.\(SQLiteViewObjects.quoted(object.name))")
        }
        for object in objects where object.type == "index" {
            try session.script("DROP INDEX IF EXISTS main.\(SQLiteViewObjects.quoted(object.name))")
        }
    }

    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private static func all(in session: SQLiteSession) throws -> [Object] {
        try session.rows(
            "SELECT type, name FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        ).map { Object(type: $0[0].text ?? "", name: $0[1].text ?? "") }
    }
}
