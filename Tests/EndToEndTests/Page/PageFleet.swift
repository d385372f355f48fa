import Browser
import Foundation
import GRDB
import TestKit
import Testing

/// A small fleet with a page, in which amounts may be wrong.
final class PageFleet: Sendable {
    let fleet: FleetDirectory
    let shop: DatabaseQueue

    static func yaml(_ page: String) -> String {
        """
        fleet: shop
        page: \(page)
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Sold]
            views:
              sales:
                schema: |
                  CREATE TABLE limits (most INTEGER NOT NULL);
                  INSERT INTO limits VALUES (100);
                  CREATE TABLE sales (id TEXT PRIMARY KEY, amount INTEGER NOT NULL);
                  CREATE TRIGGER sales_limited BEFORE INSERT ON sales
                    WHEN new.amount > (SELECT most FROM limits)
                    BEGIN SELECT RAISE(ABORT, 'more than <b>allowed</b>'); END;
                when:
                  shop.Sold: INSERT INTO sales VALUES (:id, :data.amount)
          billing:
            store: sqlite:billing.db
            views:
              totals:
                schema: "CREATE TABLE totals (id TEXT PRIMARY KEY, amount INTEGER NOT NULL);"
                when:
                  shop.Sold: INSERT INTO totals VALUES (:id, :data.amount)
        """
    }

    init(_ page: String = "\"127.0.0.1:0\"", also more: String = "") async throws {
        fleet = try FleetDirectory(Self.yaml(page) + more)
        let applied = try await fleet.flotilla("apply", environment: Self.environment)
        guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
        shop = try fleet.store("shop.db")
    }

    static let token = "zqpagetoken-0123456789"
    static let environment = ["PAGE_TOKEN": token]

    func run() async throws -> RunningPage { try await RunningPage(fleet) }

    static func sold(_ key: String, _ amount: Int) -> OutboxRow {
        OutboxRow(key: key, type: "Sold", payload: "{\"amount\": \(amount)}")
    }

    func sales() async throws -> Int { try await shop.integer("SELECT count(*) FROM sales") }
    func parked() async throws -> Int { try await shop.integer("SELECT count(*) FROM flotilla_parked") }
    func raiseLimit() async throws { try await shop.write { try $0.execute(sql: "UPDATE limits SET most = 1000000") } }
}

/// A process that serves a page.
struct RunningPage: Sendable {
    let program: Program
    /// Without a slash at its end.
    let url: String

    init(program: Program, url: String) {
        self.program = program
        self.url = url
    }

    init(_ fleet: FleetDirectory, _ arguments: String...) async throws {
        try await self.init(of: try fleet.start(["run"] + arguments, environment: PageFleet.environment))
    }

    /// As the program says where it serves it.
    /// - Parameter said: what it has said when it is as it should be.
    init(of program: Program, whenItHas said: String = "carrying fleet") async throws {
        self.program = program
        url = try await eventually("the page is served") { () -> String? in
            if let ended = program.ended { throw Trouble("flotilla run ended (\(ended)): \(program.errors)") }
            let log = program.errors
            guard log.contains(said) else { return nil }
            return log.firstMatch(of: #/page is served at (https?:\/\/[^ ]+)\//#).map { String($0.1) }
        }
    }

    func stop() async throws {
        program.send(SIGTERM)
        #expect(try await program.end() == .code(0))
    }

    struct Answer: Sendable {
        var status: Int
        var body: String
        var head: String
    }

    /// What `curl` is told: as no browser asks.
    func ask(_ path: String, _ options: String...) throws -> Answer { try ask(path, options) }

    func ask(_ path: String, _ options: [String]) throws -> Answer {
        guard let curl = Command("curl") else { throw Trouble("curl is not installed") }
        let (status, output) = try curl.run(["-sk", "-i", "--max-time", "180"] + options + [url + path])
        let parts = output.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard status == 0, parts.count == 2, let code = Int(output.dropFirst(9).prefix(3)) else {
            throw Trouble("curl \(options) \(path): \(status) \(output)")
        }
        return Answer(status: code, body: String(parts[1]), head: parts[0].lowercased())
    }

    /// What the page sends along with all that acts.
    func pageToken() throws -> String {
        let front = try ask("/").body
        guard let found = front.firstMatch(of: #/name="page-token" content="([0-9a-f]{64})"/#) else {
            throw Trouble("the page has no token: \(front)")
        }
        return String(found.1)
    }

    /// Asks for something as the page itself does.
    func act(_ path: String, _ body: String) throws -> Answer {
        try ask(
            path,
            [
                "-d", body, "-H", "x-flotilla-page: \(try pageToken())", "-H", "origin: \(url)", "-H",
                "sec-fetch-site: same-origin",
            ])
    }
}
