import FleetCore
import SQLiteConnection
import Stores

/// What a file's outbox table looks like.
struct SQLiteOutboxTable {
    let table: TableName
    let columns: Set<String>
    /// Whether a row's id is never given again (AUTOINCREMENT): then order and position of rows are beyond doubt, even
    /// after rows were deleted. https://www.sqlite.org/autoinc.html
    let neverReusesRowIDs: Bool

    /// The columns that there must be: those of Debezium's outbox event router.
    static let required = ["id", "aggregatetype", "aggregateid", "type", "payload"]

    /// The name, quoted for SQL.
    var quoted: String { SQLiteOutboxTable.quoted(table) }

    static func quoted(_ table: TableName) -> String {
        "\"\(table.text)\""
    }

    static func creation(_ table: TableName) -> String {
        """
        CREATE TABLE \(quoted(table)) (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            aggregatetype TEXT NOT NULL,
            aggregateid TEXT NOT NULL,
            type TEXT NOT NULL,
            payload TEXT,
            time TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            traceparent TEXT,
            headers TEXT
        )
        """
    }

    /// Reads the table's shape; `nil` where there is no such table.
    /// - Throws: `invalidInput` where it cannot serve as an outbox, with every reason and the cure.
    init?(_ table: TableName, keep: Duration, in session: SQLiteSession, file: String) throws {
        let found = try session.firstRow(
            "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower($1)",
            [.text(table.text)])
        guard let found else { return nil }
        var faults: [String] = []
        if found["type"].text != "table" {
            faults.append("it is a \(found["type"].text ?? "view"), not a table")
        } else if found["wr"].integer == 1 {
            faults.append("it is WITHOUT ROWID, so that the order of its rows is unknown; create it with row ids")
        }
        var columns: Set<String> = []
        var neverReusesRowIDs = false
        for row in try session.rows("SELECT name, type FROM pragma_table_xinfo($1)", [.text(table.text)]) {
            let name = (row["name"].text ?? "").lowercased()
            columns.insert(name)
            neverReusesRowIDs = neverReusesRowIDs || session.isAutoincrement(name, of: table.text)
            if Self.required.contains(name), let fault = Self.fault(of: name, type: row["type"].text ?? "") {
                faults.append(fault)
            }
        }
        let absent = Self.required.filter { !columns.contains($0) }
        if !absent.isEmpty, found["type"].text == "table" {
            faults.append("it lacks \(absent.count == 1 ? "column" : "columns") \(absent.joined(separator: ", "))")
        }
        if keep > .zero, !neverReusesRowIDs {
            faults.append(
                "keep needs a column INTEGER PRIMARY KEY AUTOINCREMENT, as without it SQLite gives row ids again;"
                    + " add one, or leave keep at 0s")
        }
        guard faults.isEmpty else {
            throw FleetError(
                .invalidInput, "table \(table) of \(file) cannot be an outbox: \(faults.joined(separator: "; "))",
                remedy: "an outbox has id, aggregatetype, aggregateid, type and payload, all text"
                    + " (and, if you like, time, traceparent and headers)")
        }
        self.table = table
        self.columns = columns
        self.neverReusesRowIDs = neverReusesRowIDs
    }

    private static func fault(of column: String, type: String) -> String? {
        let type = type.uppercased()
        let wrong = ["INT", "REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL", "BOOL"]
        guard wrong.contains(where: { type.contains($0) }) else { return nil }
        return "column \(column) is \(type), which cannot hold \(column == "id" ? "a UUID" : "text")"
    }
}
