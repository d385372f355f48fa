import FleetCore
import FleetFile
import Foundation
import Overview
import SQLiteConnection
import Stores

/// Keeps a fleet's history across restarts, in a small file of the state directory. It is bounded as ``History`` is, and what
/// happened is kept up to ``momentLimit``.
///
/// Nothing depends on it: a commit waits for no disk, and a file that cannot be used is done without.
struct HistoryFile: Sendable {
    let connection: SQLiteConnection

    static let momentLimit = 1000

    static func path(of fleet: FleetDefinition) -> String { "\(fleet.state.directory)/history.sqlite" }

    /// - Parameter isMade: whether a file is made where there is none.
    init(of fleet: FleetDefinition, isMade: Bool) async throws {
        let path = Self.path(of: fleet)
        if isMade {
            try? FileManager.default.createDirectory(
                atPath: fleet.state.directory, withIntermediateDirectories: true)
        }
        connection = try SQLiteConnection(
            path: path, mode: isMade ? .create : .readWrite, durability: .normal, cacheSize: .kibibytes(256))
        try await connection.write { session in
            try session.script(
                """
                CREATE TABLE IF NOT EXISTS series (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                CREATE TABLE IF NOT EXISTS points (slot INTEGER PRIMARY KEY, at INTEGER NOT NULL, numbers BLOB NOT NULL);
                CREATE TABLE IF NOT EXISTS moments (
                    id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL);
                CREATE TABLE IF NOT EXISTS schemas (service TEXT PRIMARY KEY, tables TEXT NOT NULL) WITHOUT ROWID;
                """)
        }
    }

    func close() { connection.close() }

    /// Slots of the spans do not meet.
    private static func key(_ at: Int, _ span: History.Span) -> Int64 {
        Int64(span.rawValue * 100_000 + History.slot(at, span))
    }

    // MARK: Points

    func read(_ spans: [History.Span] = History.Span.allCases) async throws -> History {
        try await connection.read { session in
            let names = try session.rows("SELECT number, name FROM series ORDER BY number").map { $0[1].text ?? "" }
            var history = History(names: names)
            let statement = try session.prepare("SELECT slot, at, numbers FROM points WHERE slot / 100000 = $1")
            for span in spans {
                try statement.forEachRow([.integer(Int64(span.rawValue))]) { row in
                    guard let at = row[1].integer, let bytes = row[2].bytes else { return }
                    history.restore(History.Point(at: Int(at), numbers: Self.numbers(bytes)), span)
                }
            }
            return history
        }
    }

    func keep(_ points: [(span: History.Span, point: History.Point)], names: [String]) async throws {
        let rows = points.map { span, point -> [SQLValue] in
            [.integer(Self.key(point.at, span)), .integer(Int64(point.at)), .bytes(Self.bytes(point.numbers))]
        }
        try await connection.write { session in
            let known = Int(try session.firstRow("SELECT count(*) FROM series")?[0].integer ?? 0)
            for number in known..<max(known, names.count) {
                try session.run("INSERT INTO series VALUES ($1, $2)", [.integer(Int64(number)), .text(names[number])])
            }
            for row in rows {
                try session.run("INSERT OR REPLACE INTO points VALUES ($1, $2, $3)", row)
            }
        }
    }

    private static func bytes(_ numbers: [Float]) -> [UInt8] {
        numbers.withUnsafeBytes { Array($0) }
    }

    private static func numbers(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }

    // MARK: Moments

    /// Notes that a fleet was changed, where its history is kept.
    static func noteApply(_ plan: FleetPlan, of fleet: FleetDefinition) async {
        let changes = plan.parts.filter { !$0.steps.isEmpty }
        guard !changes.isEmpty, FileIdentity.exists(path(of: fleet)) else { return }
        let names = changes.prefix(3).map(\.name).joined(separator: ", ")
        let moment = FleetMoment(
            at: Date().timeIntervalSince1970, kind: .apply,
            text: "apply changed \(names)\(changes.count > 3 ? " and \(changes.count - 3) more" : "")")
        // What was changed is changed, whether it is noted or not.
        guard let file = try? await HistoryFile(of: fleet, isMade: false) else { return }
        try? await file.note([moment])
        file.close()
    }

    /// Notes what somebody did to a fleet or its services, beside what happened to the fleet itself.
    /// - Throws: `missing` where no history is kept on this machine.
    static func note(_ text: String, of fleet: FleetDefinition) async throws {
        guard FileIdentity.exists(path(of: fleet)) else {
            throw FleetError(
                .missing, "fleet \(fleet.name) keeps no history here: there is no \(path(of: fleet))",
                remedy: "note it where `flotilla run` serves the page")
        }
        let file = try await HistoryFile(of: fleet, isMade: false)
        do {
            try await file.note([FleetMoment(at: Date().timeIntervalSince1970, kind: .note, text: text)])
            file.close()
        } catch {
            file.close()
            throw error
        }
    }

    /// - Parameter schemas: by services, to be remembered in the same commit.
    func note(_ moments: [FleetMoment], remembering schemas: [String: StoreSchema] = [:]) async throws {
        let rows = try schemas.map { [SQLValue.text($0.key), .text(try Self.text($0.value))] }
        try await connection.write { session in
            for row in rows { try session.run("INSERT OR REPLACE INTO schemas VALUES ($1, $2)", row) }
            for moment in moments {
                try session.run(
                    "INSERT INTO moments (at, kind, subject, text) VALUES ($1, $2, $3, $4)",
                    [.real(moment.at), .text(moment.kind.rawValue), .text(moment.subject), .text(moment.text)])
            }
            try session.run(
                "DELETE FROM moments WHERE id <= (SELECT max(id) FROM moments) - $1",
                [.integer(Int64(Self.momentLimit))])
        }
    }

    /// The youngest last.
    func moments(since: Double, limit: Int) async throws -> [FleetMoment] {
        try await connection.read { session in
            try session.rows(
                "SELECT at, kind, subject, text FROM moments WHERE at >= $1 ORDER BY id DESC LIMIT $2",
                [.real(since), .integer(Int64(limit))]
            ).compactMap { row in
                guard case .real(let at) = row[0], let kind = FleetMoment.Kind(rawValue: row[1].text ?? "") else {
                    return nil
                }
                return FleetMoment(at: at, kind: kind, subject: row[2].text ?? "", text: row[3].text ?? "")
            }.reversed()
        }
    }
}
