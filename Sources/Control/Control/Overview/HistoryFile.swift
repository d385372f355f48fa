import FleetCore
import FleetFile
import Foundation
import Overview
import SQLiteConnection
import Stores

/// Keeps a fleet's history across restarts, in a small file of the state directory. It is bounded as ``History`` is, and what
/// happened is kept up to ``momentLimit`` of each kind.
///
/// Nothing depends on it: a commit waits for no disk, and a file that cannot be used is done without.
struct HistoryFile: Sendable {
    let connection: SQLiteConnection

    static let momentLimit = 200

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
                    id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
                    text TEXT NOT NULL, times INTEGER, since REAL);
                CREATE TABLE IF NOT EXISTS schemas (service TEXT PRIMARY KEY, tables TEXT NOT NULL) WITHOUT ROWID;
                """)
            // A file of an earlier version does not have them.
            let added = try session.firstRow("SELECT count(*) FROM pragma_table_info('moments') WHERE name = 'times'")
            if added?[0].integer == 0 {
                try session.script(
                    "ALTER TABLE moments ADD COLUMN times INTEGER; ALTER TABLE moments ADD COLUMN since REAL;")
            }
        }
    }

    func close() { connection.close() }

    /// Slots of the spans do not meet.
    private static func key(_ at: Int, _ span: History.Span) -> Int64 {
        Int64(span.rawValue * 100_000 + History.slot(at, span))
    }

    // MARK: Points

    /// What of a damaged file is no point is left out.
    /// - Throws: `corrupt` where it is not known what the points are of.
    func read(_ spans: [History.Span] = History.Span.allCases) async throws -> History {
        let path = connection.path
        return try await connection.read { session in
            var names: [String] = []
            for row in try session.rows("SELECT number, name FROM series ORDER BY number") {
                guard row[0].integer == Int64(names.count), let name = row[1].text else {
                    throw FleetError(
                        .corrupt, "\(path) is damaged: it does not say what number \(names.count) is of",
                        remedy: "remove it: it is made anew, without what it knew")
                }
                names.append(name)
            }
            var history = History(names: names)
            let statement = try session.prepare("SELECT slot, at, numbers FROM points WHERE slot / 100000 = $1")
            for span in spans {
                try statement.forEachRow([.integer(Int64(span.rawValue))]) { row in
                    guard let slot = row[0].integer, let at = row[1].integer, slot == Self.key(Int(at), span),
                        let bytes = row[2].bytes, bytes.count % (History.width * MemoryLayout<Float>.size) == 0
                    else { return }
                    history.restore(History.Point(at: Int(at), numbers: Self.numbers(bytes)), span)
                }
            }
            return history
        }
    }

    func keep(_ points: [(span: History.Span, point: History.Point)], names: [String]) async throws {
        let rows = points.map { Self.row($0.point, $0.span) }
        try await connection.write { try Self.add(rows, names: names, in: $0) }
    }

    /// Keeps a history in the place of what was kept.
    func replace(with history: History) async throws {
        let names = history.names
        let rows = history.kept.map { Self.row($0.point, $0.span) }
        try await connection.write { session in
            try session.script("DELETE FROM series; DELETE FROM points;")
            try Self.add(rows, names: names, in: session)
        }
    }

    private static func row(_ point: History.Point, _ span: History.Span) -> [SQLValue] {
        [.integer(key(point.at, span)), .integer(Int64(point.at)), .bytes(bytes(point.numbers))]
    }

    private static func add(_ rows: [[SQLValue]], names: [String], in session: SQLiteSession) throws {
        let known = Int(try session.firstRow("SELECT count(*) FROM series")?[0].integer ?? 0)
        for number in known..<max(known, names.count) {
            try session.run("INSERT INTO series VALUES ($1, $2)", [.integer(Int64(number)), .text(names[number])])
        }
        for row in rows {
            try session.run("INSERT OR REPLACE INTO points VALUES ($1, $2, $3)", row)
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

    /// - Parameters:
    ///   - replaced: whose places they take.
    ///   - schemas: by services, to be remembered in the same commit.
    func note(
        _ moments: [FleetMoment], replacing replaced: [FleetMoment] = [],
        remembering schemas: [String: StoreSchema] = [:]
    ) async throws {
        let rows = try schemas.map { [SQLValue.text($0.key), .text(try Self.text($0.value))] }
        try await connection.write { session in
            for row in rows { try session.run("INSERT OR REPLACE INTO schemas VALUES ($1, $2)", row) }
            for moment in replaced {
                try session.run(
                    "DELETE FROM moments WHERE kind = $1 AND subject = $2 AND at = $3",
                    [.text(moment.kind.rawValue), .text(moment.subject), .real(moment.at)])
            }
            for moment in moments {
                try session.run(
                    "INSERT INTO moments (at, kind, subject, text, times, since) VALUES ($1, $2, $3, $4, $5, $6)",
                    [
                        .real(moment.at), .text(moment.kind.rawValue), .text(moment.subject), .text(moment.text),
                        moment.count.map { SQLValue.integer(Int64($0)) } ?? .null,
                        moment.since.map { SQLValue.real($0) } ?? .null,
                    ])
            }
            try session.run(
                """
                DELETE FROM moments WHERE id IN (
                    SELECT id FROM (
                        SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id DESC) AS place FROM moments)
                    WHERE place > $1)
                """, [.integer(Int64(Self.momentLimit))])
        }
    }

    /// As many of each kind as are shown, the youngest last.
    func moments(since: Double) async throws -> [FleetMoment] {
        let rows = try await connection.read { session in
            try session.rows(
                "SELECT at, kind, subject, text, times, since FROM moments WHERE at >= $1 ORDER BY id", [.real(since)])
        }
        return FleetMoment.shown(rows.compactMap(Self.moment))
    }

    /// - Returns: `nil` where a damaged file, or one of a later version, has something else.
    private static func moment(_ row: SQLRow) -> FleetMoment? {
        guard let at = time(row[0]), let kind = FleetMoment.Kind(rawValue: row[1].text ?? "") else { return nil }
        var moment = FleetMoment(at: at, kind: kind, subject: row[2].text ?? "", text: row[3].text ?? "")
        if let count = row[4].integer, let since = time(row[5]), (2...mostTimes).contains(count) {
            (moment.count, moment.since) = (Int(count), since)
        }
        return moment
    }

    private static let mostTimes: Int64 = 1_000_000_000
    /// The end of the year 9999.
    private static let lastTime = 253_402_300_799.0

    private static func time(_ value: SQLValue) -> Double? {
        guard case .real(let seconds) = value, (0...lastTime).contains(seconds) else { return nil }
        return seconds
    }
}
