import Foundation
import GRDB
import TestKit
import Testing

/// Tables that somebody else changes than `apply`: on the page's time axis, and in the log.
@Suite(.lanes) struct SchemaChangeTests {
    private struct Overview: Decodable {
        struct Moment: Decodable {
            var kind: String
            var subject: String
            var text: String
        }

        var moments: [Moment]
    }

    private func changes(_ run: RunningPage) throws -> [String] {
        try JSONDecoder().decode(Overview.self, from: Data(run.ask("/api/overview").body.utf8)).moments
            .filter { $0.kind == "schema" }.map(\.text)
    }

    private struct Signal: Decodable {
        var metric: String
        var value: Double?
    }

    /// How long the last look took: another one took another time.
    private func lookDuration(_ run: RunningPage) throws -> Double? {
        try JSONDecoder().decode([Signal].self, from: Data(run.ask("/api/signals?of=billing").body.utf8))
            .first { $0.metric == "flotilla.store.look.duration" }?.value
    }

    private func known(_ fleet: FleetDirectory, _ service: String) async throws -> String {
        // To open what is not there would make it.
        guard FileManager.default.fileExists(atPath: fleet.file(".flotilla/history.sqlite")) else { return "" }
        let history = try fleet.store(".flotilla/history.sqlite")
        guard try await history.integer("SELECT count(*) FROM sqlite_master WHERE name = 'schemas'") == 1 else {
            return ""
        }
        return try await history.texts("SELECT tables FROM schemas WHERE service = '\(service)'").first ?? ""
    }

    @Test func aChangeByHandIsToldOnceAndWhatApplyChangedIsNot() async throws {
        let shop = try await PageFleet()
        let run = try await RunningPage(shop.fleet, "--log-format", "json")
        try await eventually("what is there is remembered") {
            let (shop, billing) = (try await known(shop.fleet, "shop"), try await known(shop.fleet, "billing"))
            return shop.contains("outbox") && billing.contains("totals")
        }
        #expect(try changes(run).isEmpty)
        let billing = try shop.fleet.store("billing.db")
        // A migration in steps is one change, also where a look comes between them.
        let before = try lookDuration(run)
        try await eventually("a look was just made") { try lookDuration(run) != before }
        try await billing.write { try $0.execute(sql: "ALTER TABLE totals ADD COLUMN note TEXT") }
        let between = try lookDuration(run)
        try await eventually("a look comes between them") { try lookDuration(run) != between }
        try await billing.write { try $0.execute(sql: "CREATE TABLE \"<b>new</b>\" (n INTEGER)") }
        let text = "schema of billing changed: table <b>new</b> added; table totals altered (column note added)"
        try await eventually("it is told") { try changes(run) == [text] }
        let lines = run.program.logLines.compactMap { line in
            try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        }
        let told = lines.filter { $0["message"]?.contains("schema of") == true }
        #expect(told.map { $0["message"] } == [text] && told.first?["level"] == "info", "\(told)")
        #expect(told.first?["service"] == "billing" && told.first?["fleet"] == "shop", "\(told)")
        // A view that `apply` makes while the fleet runs, and beside it a table that somebody else has made.
        let yaml = try String(contentsOfFile: shop.fleet.file("fleet.yaml"), encoding: .utf8)
        try shop.fleet.write(
            yaml.replacing(
                "    store: sqlite:billing.db\n    views:\n",
                with: """
                        store: sqlite:billing.db
                        views:
                          counts:
                            schema: "CREATE TABLE counts (id TEXT PRIMARY KEY);"
                            when:
                              shop.Sold: INSERT INTO counts VALUES (:id)

                    """))
        try await shop.shop.write { try $0.execute(sql: "CREATE TABLE by_hand (n INTEGER)") }
        let applied = try await shop.fleet.flotilla("apply", environment: PageFleet.environment)
        #expect(applied.ended(0) && applied.output.contains("counts"), "\(applied.said)")
        #expect(try await known(shop.fleet, "billing").contains("counts"))
        try await eventually("what was made by hand is told") {
            try changes(run).last == "schema of shop changed: table by_hand added"
        }
        // The look at the other store has come by as well.
        try await billing.write { try $0.execute(sql: "DROP TABLE \"<b>new</b>\"") }
        let last = "schema of billing changed: table <b>new</b> removed"
        try await eventually("the next change is told") { try changes(run).last == last }
        #expect(try changes(run) == [text, "schema of shop changed: table by_hand added", last])
        try await run.stop()
    }

    @Test func aChangeWhileNobodyLookedIsToldByWhoComesNext() async throws {
        let shop = try await PageFleet()
        var run = try await shop.run()
        try await eventually("what is there is remembered") { try await known(shop.fleet, "shop").contains("outbox") }
        try await run.stop()
        try await shop.shop.write { try $0.execute(sql: "ALTER TABLE sales ADD COLUMN note TEXT NOT NULL DEFAULT ''") }
        run = try await shop.run()
        let text = "schema of shop changed while nobody looked here: table sales altered (column note added)"
        try await eventually("it is told") { try changes(run) == [text] }
        let top = try await shop.fleet.flotilla("top", "--once", environment: PageFleet.environment)
        #expect(top.output.contains("schema of shop changed while nobody looked here"), "\(top.said)")
        // Nobody tells it again.
        try await run.stop()
        run = try await shop.run()
        try await shop.shop.write { try $0.execute(sql: "ALTER TABLE sales ADD COLUMN more TEXT") }
        try await eventually("the next is told") { try changes(run).count == 2 }
        #expect(try changes(run).first == text && changes(run).last?.contains("column more added") == true)
        try await run.stop()
    }

    /// Without a page there is no history: what is logged is what this process has seen.
    @Test func withoutAPageItIsLogged() async throws {
        let fleet = try FleetDirectory(ServingTests.yaml())
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        let signals = try await SignalAddress(of: run)
        let shop = try fleet.store("shop.db")
        // Two looks that see the same are what later ones are compared with.
        var looks: Set<Double> = []
        try await eventually("three looks were made") {
            if let took = try await signals.value("flotilla_store_look_duration_seconds{service=\"shop\"}") {
                looks.insert(took)
            }
            return looks.count >= 3
        }
        #expect(!run.errors.contains("schema of"))
        try await shop.write { try $0.execute(sql: "CREATE TABLE by_hand (n INTEGER)") }
        try await eventually("it is logged") { run.errors.contains("schema of shop changed: table by_hand added") }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    #if Postgres
        @Test func aChangeInPostgreSQLIsToldAndARoleThatMayNotReadTheCatalogIsWithoutIt() async throws {
            let server = try await PrivatePostgres.shared()
            let database = try await server.makeDatabase()
            try server.psql(
                database, "CREATE ROLE \(database)_r LOGIN; GRANT CREATE ON DATABASE \(database) TO \(database)_r")
            let shop = try FleetDirectory(
                """
                fleet: shop
                page: "127.0.0.1:0"
                services:
                  shop:
                    store: sqlite:shop.db
                    publishes: [Sold]
                  reader:
                    store: {url: "\(server.url(database, user: "\(database)_r"))", schema: reader}
                    views:
                      seen:
                        schema: "CREATE TABLE seen (id TEXT PRIMARY KEY);"
                        when: {shop.Sold: "INSERT INTO seen VALUES (:id)"}
                """)
            #expect(try await shop.flotilla("apply").ended(0))
            var run = try await RunningPage(shop)
            try await eventually("what is there is remembered") { try await known(shop, "reader").contains("seen") }
            try await run.stop()
            try server.psql(database, "ALTER TABLE reader.seen ADD COLUMN note VARCHAR(20)")
            run = try await RunningPage(shop)
            let text = "schema of reader changed while nobody looked here: table seen altered (column note added)"
            try await eventually("it is told") { try changes(run) == [text] }
            try await run.stop()
            try server.psql(
                database,
                "REVOKE ALL ON pg_catalog.pg_attribute FROM PUBLIC; ALTER TABLE reader.seen ADD COLUMN more TEXT")
            run = try await RunningPage(shop)
            try await eventually("that it is not seen is told") {
                run.program.errors.contains("does not tell of its tables")
            }
            let store = try shop.store("shop.db")
            try await store.publish(OutboxRow(key: "K", type: "Sold", payload: "{}"))
            try await eventually("events are carried") {
                try server.psql(database, "SELECT count(*) FROM reader.seen") == "1"
            }
            #expect(run.program.errors.components(separatedBy: "does not tell of its tables").count == 2)
            #expect(try changes(run) == [text])
            try await run.stop()
        }
    #endif
}
