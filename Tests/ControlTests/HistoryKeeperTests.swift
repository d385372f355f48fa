import FleetCore
import FleetFile
import Foundation
import HTTPServer
import Logging
import Objectives
import Overview
import SQLiteConnection
import Stores
import TestKit
import Testing

@testable import Control

/// What is kept of a fleet's past, and what of it is told.
@Suite struct HistoryKeeperTests {
    private let directory: TemporaryDirectory
    private let now = Date().timeIntervalSince1970

    init() throws { directory = try TemporaryDirectory() }

    private func fleet(state: String = ".flotilla") throws -> FleetDefinition {
        var text = "fleet: kept\nstate: \(state)\nservices:\n"
        for service in ["shop", "billing"] {
            text += "  \(service):\n    store: sqlite:\(service).db\n    publishes: [Happened]\n"
        }
        let reader = FleetFileReader(environment: [:], storeSchemes: ["sqlite"], brokerEngines: ["embedded"])
        return try #require(reader.read(text: text, path: directory.file("fleet.yaml")).definition)
    }

    private func keeper(of fleet: FleetDefinition, _ board: OverviewBoard? = nil) async -> HistoryKeeper {
        await HistoryKeeper(
            fleet, board: board ?? OverviewBoard(fleet, version: "1"), schemas: SchemaBoard(keepsHistory: true),
            logger: Logger(label: "test"))
    }

    private func overview(_ age: Double = 0) -> FleetOverview {
        FleetOverview(fleet: "kept", broker: "embedded", version: "1", at: now - age, isCarried: true)
    }

    private func connection(to fleet: FleetDefinition) throws -> SQLiteConnection {
        try SQLiteConnection(path: HistoryFile.path(of: fleet), mode: .readWrite)
    }

    private func told(_ keeper: HistoryKeeper) -> [FleetMoment] {
        var overview = overview()
        keeper.complete(&overview)
        return overview.moments
    }

    // MARK: What happened

    /// What begins and ends again and again is one moment, and pushes nothing out; also where no file is kept.
    @Test(arguments: [true, false]) func aPartThatFlapsIsOneMoment(_ isKept: Bool) async throws {
        // Below a file no directory can be made.
        try Data().write(to: URL(fileURLWithPath: directory.file("blocked")))
        let fleet = try fleet(state: isKept ? ".flotilla" : "blocked/state")
        var keeper = await keeper(of: fleet)
        await keeper.begin(predecessor: nil, version: "1")
        if isKept { try await HistoryFile.note("orders 1.4.2 is deployed", of: fleet) }
        #expect(FileIdentity.exists(HistoryFile.path(of: fleet)) == isKept)
        await keeper.note(overview(3000))
        for round in 0..<1400 {
            var overview = overview(3000 - Double(round) * 2)
            if round % 2 == 0 { overview.troubles = [.init(part: "shop outbox", reason: "it failed \(round)")] }
            await keeper.note(overview)
        }
        // Where there is a file, what is told is read from it.
        await keeper.keep(overview())
        let moments = told(keeper)
        #expect(
            moments.map(\.kind) == (isKept ? [.start, .note, .trouble, .recovery] : [.start, .trouble, .recovery]),
            "\(moments)")
        let trouble = try #require(moments.first { $0.kind == .trouble })
        #expect(trouble.count == 700 && trouble.since == now - 3000 && trouble.at == now - 204)
        #expect(trouble.subject == "shop outbox" && trouble.text == "it failed 1398")
        #expect(moments.last?.count == 700 && moments.last?.since == now - 2998)
        await keeper.end()
        guard isKept else { return }
        // Whoever carries the fleet next goes on counting.
        var next = await self.keeper(of: fleet)
        await next.note(overview(10))
        var again = overview(8)
        again.troubles = [.init(part: "shop outbox", reason: "again")]
        await next.note(again)
        #expect(told(next).filter { $0.kind == .trouble }.map(\.count) == [701])
        await next.end()
    }

    /// Many parts that fail at once push out neither deployments nor starts nor alerts, and the file does not grow.
    @Test func noKindPushesOutAnother() async throws {
        let fleet = try fleet()
        var keeper = await keeper(of: fleet)
        await keeper.begin(predecessor: nil, version: "1")
        for number in 0..<30 { try await HistoryFile.note("deployment \(number)", of: fleet) }
        var first = overview(100)
        first.objectives = [objective(.ok)]
        await keeper.note(first)
        var second = overview(90)
        second.objectives = [objective(.burning)]
        second.troubles = (0..<700).map { FleetOverview.Trouble(part: "part \($0)", reason: "it failed") }
        await keeper.note(second)
        await keeper.keep(overview())
        let counts = Dictionary(grouping: told(keeper), by: \.kind).mapValues(\.count)
        #expect(
            counts == [.start: 1, .note: 30, .alert: 1, .trouble: FleetMoment.Kind.trouble.shownLimit], "\(counts)")
        let connection = try connection(to: fleet)
        let rows = try await connection.read {
            try $0.firstRow("SELECT count(*) FROM moments WHERE kind = 'trouble'")?[0].integer
        }
        #expect(rows == Int64(HistoryFile.momentLimit))
        connection.close()
        // What is well again is told as what it is.
        await keeper.note(first)
        let resolved = told(keeper).filter { $0.kind == .resolved }
        #expect(resolved.map(\.text) == ["objective fresh is well again"])
        await keeper.end()
    }

    private func objective(_ state: ObjectiveReading.State) -> ObjectiveReading {
        ObjectiveReading(
            name: "fresh", subject: ObjectiveSubject(.store, "shop"), measure: .availability, threshold: nil,
            target: 0.99, window: 86_400, total: 1, bad: 0, budgetLeft: 1, hoursToExhaustion: nil, burns: [],
            state: state, reason: nil)
    }

    /// Where a server does not answer for a while, what it was before is what counts.
    @Test func aServerThatIsAStandbyNowIsTold() async throws {
        var keeper = await keeper(of: try fleet())
        var age = 100.0
        for isStandby in [nil, false, false, nil, true, true, nil, true, false] {
            var overview = overview(age)
            var store = FleetOverview.Store(name: "shop", engine: "postgresql", role: "publishes")
            store.isStandby = isStandby
            // Another that never was otherwise.
            var other = FleetOverview.Store(name: "billing", engine: "postgresql", role: "reads")
            other.isStandby = true
            overview.stores = [store, other]
            await keeper.note(overview)
            age -= 2
        }
        let moments = told(keeper)
        #expect(moments.map(\.kind) == [.failover, .failover] && moments.allSatisfy { $0.subject == "shop" })
        #expect(
            moments.map(\.text) == [
                "the server of shop was a primary, and is a standby now",
                "the server of shop was a standby, and is a primary now",
            ])
        await keeper.end()
    }

    /// A file of an earlier version has no counts.
    @Test func aFileOfAnEarlierVersionIsRead() async throws {
        let fleet = try fleet()
        try FileManager.default.createDirectory(
            atPath: fleet.state.directory, withIntermediateDirectories: true)
        let old = try SQLiteConnection(path: HistoryFile.path(of: fleet), mode: .create)
        let at = now - 60
        try await old.write { session in
            try session.script(
                """
                CREATE TABLE moments (
                    id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
                    text TEXT NOT NULL)
                """)
            try session.run(
                "INSERT INTO moments (at, kind, subject, text) VALUES ($1, 'trouble', 'shop outbox', 'it failed')",
                [.real(at)])
        }
        old.close()
        var keeper = await keeper(of: fleet)
        await keeper.note(overview(10))
        var failed = overview(8)
        failed.troubles = [.init(part: "shop outbox", reason: "again")]
        await keeper.note(failed)
        await keeper.keep(overview())
        #expect(
            told(keeper) == [
                FleetMoment(at: now - 8, kind: .trouble, subject: "shop outbox", text: "again", count: 2, since: at)
            ])
        await keeper.end()
    }

    // MARK: What was measured

    /// Things that a fleet does not have any more take the room of none that it has.
    @Test func namesThatAreGoneAreForgotten() async throws {
        let fleet = try fleet()
        let numbers: [Float] = [1, 2, 3, 4, 5, 6]
        var history = History()
        // Those that are gone stand before and behind the one that is not, and fill all the room.
        let gone = Dictionary(uniqueKeysWithValues: (0..<History.seriesLimit).map { ("store gone\($0)", numbers) })
        let second = Int(now)
        var points = history.add(at: second - 30, ["store gone0": [9, 9, 9, 9, 9, 9]])
        points += history.add(at: second - 20, ["store gone0": [9, 9, 9, 9, 9, 9], "store shop": numbers])
        points += history.add(at: second - 10, gone.merging(["store shop": numbers]) { $1 })
        #expect(history.names.count == History.seriesLimit)
        let file = try await HistoryFile(of: fleet, isMade: true)
        try await file.keep(points, names: history.names)
        file.close()
        let board = OverviewBoard(fleet, version: "1")
        var keeper = await keeper(of: fleet, board)
        #expect(board.history.names == ["store shop"])
        var overview = overview()
        overview.stores = [
            .init(name: "shop", engine: "sqlite", role: "publishes"),
            .init(name: "billing", engine: "sqlite", role: "publishes"),
        ]
        overview.stores[1].operations = 7
        await keeper.keep(overview)
        await keeper.end()
        let again = try await HistoryFile(of: fleet, isMade: false)
        let read = try await again.read()
        again.close()
        #expect(read.names == ["store shop", "store billing"])
        let shop = read.series(of: "store shop", .hour, at: second).filter { !$0.numbers[0].isNaN }
        #expect(shop.map(\.at) == [second - 20, second - 10] && shop.allSatisfy { $0.numbers == numbers })
        let billing = read.series(of: "store billing", .hour, at: second).filter { !$0.numbers[0].isNaN }
        #expect(billing.map(\.numbers[0]) == [7])
    }

    /// What of a damaged file cannot be is left out, and ends nobody.
    @Test func aDamagedFileIsReadAsFarAsItGoes() async throws {
        let fleet = try fleet()
        let second = Int(now)
        var history = History()
        let points = history.add(at: second - 20, ["store shop": [1, 0.002, 0.003, .nan, .nan, 0]])
        let file = try await HistoryFile(of: fleet, isMade: true)
        try await file.keep(points, names: history.names)
        file.close()
        let evil: [Float] = [.infinity, -1, .greatestFiniteMagnitude, .nan, -.infinity, 2]
        let bytes = evil.withUnsafeBytes { Array($0) }
        let connection = try connection(to: fleet)
        let recent = now - 5
        try await connection.write { session in
            let rows: [(slot: Int, at: Int, numbers: SQLValue)] = [
                (History.slot(second - 10, .hour), second - 10, .bytes(bytes)), (99_990, -5, .bytes(bytes)),
                (-7, -70, .bytes(bytes)), (400, .max, .bytes(bytes)), (401, .min, .bytes(bytes)),
                (History.slot(second - 40, .hour), second - 40, .bytes([1, 2, 3])),
                (History.slot(second - 50, .hour), second - 50, .text("no numbers")),
            ]
            for row in rows {
                try session.run(
                    "INSERT OR REPLACE INTO points VALUES ($1, $2, $3)",
                    [.integer(Int64(row.slot)), .integer(Int64(row.at)), row.numbers])
            }
            let moments: [(at: Double, kind: String, times: Int64)] = [
                (.infinity, "note", 1), (1e300, "note", 1), (recent, "unheard", 1), (recent, "trouble", .max),
                (recent, "recovery", -3),
            ]
            for moment in moments {
                try session.run(
                    "INSERT INTO moments (at, kind, subject, text, times, since) VALUES ($1, $2, 'shop', 'x', $3, $4)",
                    [.real(moment.at), .text(moment.kind), .integer(moment.times), .real(-.infinity)])
            }
        }
        connection.close()
        let board = OverviewBoard(fleet, version: "1")
        var keeper = await keeper(of: fleet, board)
        let series = board.history.series(of: "store shop", .hour, at: second)
        #expect(series.map(\.at) == [second - 20, second - 10], "\(series)")
        let known = try #require(series.last).numbers
        #expect(known[2] == .greatestFiniteMagnitude && known[5] == 2)
        #expect([0, 1, 3, 4].allSatisfy { known[$0].isNaN }, "\(known)")
        var overview = overview()
        overview.stores = [.init(name: "shop", engine: "sqlite", role: "publishes")]
        await keeper.keep(overview)
        await keeper.note(overview)
        var failed = overview
        failed.troubles = [.init(part: "shop", reason: "again")]
        await keeper.note(failed)
        keeper.complete(&failed)
        #expect(failed.moments.map(\.kind) == [.recovery, .trouble] && failed.moments.map(\.count) == [nil, 2])
        #expect(failed.stores[0].spark != nil)
        let text = String(decoding: PageDesk.json(failed).body, as: UTF8.self)
        #expect(!text.contains("Infinity") && !text.contains("NaN"), "\(text)")
        await keeper.end()
    }

    /// Where it is not known what the points are of, the file is done without.
    @Test func aFileWithoutNamesIsDoneWithout() async throws {
        let fleet = try fleet()
        var history = History()
        let numbers: [Float] = [1, 2, 3, 4, 5, 6]
        let points = history.add(at: Int(now) - 10, ["store billing": numbers, "store shop": numbers])
        let file = try await HistoryFile(of: fleet, isMade: true)
        try await file.keep(points, names: history.names)
        file.close()
        let connection = try connection(to: fleet)
        try await connection.write { _ = try $0.run("DELETE FROM series WHERE number = 0") }
        connection.close()
        let board = OverviewBoard(fleet, version: "1")
        var keeper = await keeper(of: fleet, board)
        #expect(board.history.names.isEmpty)
        await keeper.begin(predecessor: nil, version: "1")
        await keeper.keep(overview())
        #expect(told(keeper).map(\.kind) == [.start])
        await keeper.end()
        let damaged = try await HistoryFile(of: fleet, isMade: false)
        let error = try await checkThrows(.corrupt) { try await damaged.read() }
        #expect(error.message.contains(HistoryFile.path(of: fleet)) && error.remedy?.contains("remove it") == true)
        damaged.close()
    }
}
