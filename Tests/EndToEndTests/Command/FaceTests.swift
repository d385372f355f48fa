import Foundation
import GRDB
import Testing

@testable import FlotillaCommand

/// The command line's other sides: help, versions, completion, where the file stands, machine-readable output.
@Suite(.serialized, .lanes) struct FaceTests {
    @Test func helpAndVersion() async throws {
        let fleet = try FleetDirectory()
        let version = try await fleet.flotilla("--version")
        #expect(version.ended(0))
        #expect(version.output.firstMatch(of: #/^\d+\.\d+\.\d+\n$/#) != nil, "\(version.said)")
        let help = try await fleet.flotilla("--help")
        #expect(help.ended(0))
        let commands = [
            "check", "plan", "apply", "run", "status", "parked", "publish", "events", "views", "pause", "resume",
            "replay", "init",
        ]
        for command in commands {
            #expect(help.output.contains(command))
            let own = try await fleet.flotilla(command, "--help")
            #expect(own.ended(0))
            #expect(own.output.contains("EXAMPLES"), "\(own.said)")
        }
        #expect(help.output.contains("EXIT CODES"))
    }

    /// A text that is wrapped twice has lines of a word or two, and examples that nobody can copy.
    @Test func helpFitsATerminal() async throws {
        let fleet = try FleetDirectory()
        let help = try await fleet.flotilla("--help").output
        let commands = help.matches(of: #/\n  ([a-z-]+)  +[A-Z]/#).map { String($0.1) }
        #expect(commands.count >= 19, "\(commands)")
        for command in commands {
            let own = try await fleet.flotilla(command, "--help").output
            let lines = own.split(separator: "\n", omittingEmptySubsequences: false)
            guard let begin = lines.firstIndex(of: "EXAMPLES") else { continue }
            for line in lines[begin...].dropFirst().prefix(while: { !$0.isEmpty }) {
                #expect(line.hasPrefix("  ") && line.count <= 80, "\(command): \(line)")
            }
            // What is said before is filled: only the last line of a paragraph is short.
            for paragraph in lines[..<begin].split(separator: "") {
                for (line, next) in zip(paragraph, paragraph.dropFirst()) where next.first?.isNumber == false {
                    let word = next.prefix { $0 != " " }.count
                    #expect(line.count + 1 + word >= 80, "\(command): \(line)")
                }
            }
        }
    }

    @Test func aMistypedCommandIsToldTheNearest() async throws {
        let fleet = try FleetDirectory()
        let mistyped = try await fleet.flotilla("stats")
        #expect(mistyped.ended(1) && mistyped.errors.contains("there is no command 'stats'; did you mean status?"))
        let unknown = try await fleet.flotilla("qqqqqqqq")
        #expect(unknown.ended(1) && unknown.errors.contains("see `flotilla --help`"), "\(unknown.said)")
        #expect(!unknown.errors.contains("did you mean"))
        #expect(try await fleet.flotilla("help", "run").ended(0))
    }

    /// What the log says each minute, where nobody looks at a table.
    @Test func whatWasCarriedIsOneLine() {
        #expect(PlainReport.summary([("a outbox", 0), ("b.view", 0)]) == nil)
        #expect(
            PlainReport.summary([("a outbox", 1), ("b.view", 0), ("c.view", 120)])
                == "in the last minute: c.view 120 events, a outbox 1 event")
        let many = (1...20).map { (name: "view\($0)", count: $0) }
        let line = PlainReport.summary(many) ?? ""
        #expect(line.hasPrefix("in the last minute: view20 20 events, ") && line.hasSuffix(", and 12 more"), "\(line)")
    }

    /// A store that was removed is not one that was never set up.
    @Test func whatPublishCannotDoIsToldAsItIs() async throws {
        let fleet = try FleetDirectory()
        for command in ["init", "apply"] { #expect(try await fleet.flotilla(command).ended(0)) }
        let empty = try await fleet.flotilla("publish", "orders", "", "--key", "O1")
        #expect(empty.ended(1) && empty.errors.contains("the event has no type"), "\(empty.said)")
        for file in ["orders.db", "orders.db-wal", "orders.db-shm"] {
            try? FileManager.default.removeItem(atPath: fleet.file(file))
        }
        let gone = try await fleet.flotilla("publish", "orders", "OrderPlaced", "--key", "O1")
        #expect(gone.ended(1) && gone.errors.contains("the store of orders, is missing; put it back"), "\(gone.said)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionKnowsTheCommands(_ shell: String) async throws {
        let script = try await FleetDirectory().flotilla("--generate-completion-script", shell)
        #expect(script.ended(0))
        #expect(script.output.contains("until-idle"))
        #expect(script.output.contains("follow") && script.output.contains("debezium"))
        #expect(script.output.contains("rebuild") || script.output.contains("views"))
    }

    @Test func starterFleetWorks() async throws {
        let fleet = try FleetDirectory()
        #expect(try await fleet.flotilla("init").ended(0))
        let again = try await fleet.flotilla("init")
        #expect(again.ended(1))
        #expect(again.errors.contains("exists already"))
        for command in ["check", "apply", "plan"] { #expect(try await fleet.flotilla(command).ended(0)) }
        let customer = "{\"customer_id\": \"C1\", \"name\": \"Ada\"}"
        let order = "{\"order_id\": \"O1\", \"customer_id\": \"C1\", \"total\": 12.5}"
        let first = try await fleet.flotilla("publish", "orders", "OrderPlaced", "--key", "O1", "--data", order)
        #expect(UUID(uuidString: first.output.trimmingCharacters(in: .whitespacesAndNewlines)) != nil, "\(first.said)")
        let second = try await fleet.flotilla(
            "publish", "customers", "CustomerRegistered", "--key", "C1", "--data", "-", input: customer)
        #expect(second.ended(0), "\(second.said)")
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        let names = try await fleet.store("orders.db").texts("SELECT customer_name || total FROM order_overview")
        #expect(names == ["Ada12.5"])
    }

    /// The file may be left out, or stand before or behind what is asked for.
    @Test(arguments: [
        ["check", "sub/other.yaml"], ["plan", "sub/other.yaml"], ["apply", "sub/other.yaml"],
        ["status", "sub/other.yaml"],
        ["status", "sub/other.yaml", "--json"], ["status", "--json", "sub/other.yaml"],
        ["run", "sub/other.yaml", "--until-idle"], ["run", "--until-idle", "sub/other.yaml"],
        ["parked", "sub/other.yaml"], ["parked", "sub/other.yaml", "list"], ["parked", "list", "sub/other.yaml"],
        ["parked", "sub/other.yaml", "retry"], ["parked", "retry", "sub/other.yaml"],
        ["parked", "sub/other.yaml", "discard", "--all"], ["parked", "discard", "--all", "sub/other.yaml"],
        ["publish", "sub/other.yaml", "shop", "Sold", "--key", "K"],
        ["publish", "--key", "K", "sub/other.yaml", "shop", "Sold"],
        ["events", "sub/other.yaml", "shop"], ["events", "shop", "sub/other.yaml"],
        ["pause", "sub/other.yaml", "shop"], ["pause", "shop", "sub/other.yaml"], ["resume", "sub/other.yaml", "shop"],
        ["replay", "sub/other.yaml", "shop.sales", "--since", "1h"],
        ["replay", "--since", "1h", "shop.sales", "sub/other.yaml"],
        ["views", "sub/other.yaml", "rebuild", "sales"], ["views", "rebuild", "sales", "sub/other.yaml"],
    ])
    func fileStandsAnywhere(_ arguments: [String]) async throws {
        let fleet = try FleetDirectory()
        try FileManager.default.createDirectory(atPath: fleet.file("sub"), withIntermediateDirectories: true)
        try fleet.write(ExitCodeTests.yaml, to: "sub/other.yaml")
        let apply = try await fleet.flotilla("apply", "sub/other.yaml")
        #expect(apply.ended(0), "\(apply.said)")
        let program = try fleet.start(arguments)
        #expect(try await program.end() == .code(0), "\(program.output)\(program.errors)")
    }

    @Test func statusIsJSON() async throws {
        let setting = try await ParkedFleet()
        try await setting.sales.publish(ParkedFleet.sold("K", 500), ParkedFleet.sold("K", 1), ParkedFleet.sold("L", 1))
        struct Status: Decodable {
            struct Row: Decodable {
                var pending: Int?
                var parked: Int
                var waiting: Int
                var lastError: String?

                enum CodingKeys: String, CodingKey {
                    case pending, parked, waiting, lastError = "last_error"
                }
            }
            var fleet: String
            var running: String?
            var streams: [Row]
            var views: [Row]
        }
        func status() async throws -> Status {
            let result = try await setting.fleet.flotilla("status", "--json")
            #expect(result.ended(0), "\(result.said)")
            return try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
        }
        let before = try await status()
        #expect(before.fleet == "parked")
        #expect(before.running == nil)
        #expect(before.streams.map(\.pending) == [3])
        #expect(before.views.map(\.pending) == [0])
        try await setting.expectParked()
        let after = try await status()
        #expect(after.streams.map(\.pending) == [0])
        #expect(after.views.map(\.parked) == [1])
        #expect(after.views.map(\.waiting) == [1])
        let run = try await setting.fleet.startRun()
        #expect(try await status().running?.contains("process \(run.processID)") == true)
        try await setting.billing.write { try $0.execute(sql: "ALTER TABLE flotilla_subscriptions RENAME TO hidden") }
        try await setting.sales.publish(ParkedFleet.sold("L", 2))
        try await eventually("the view's trouble is told") {
            let result = try await setting.fleet.flotilla("status", "--json")
            let told = try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
            return told.views.first?.lastError?.contains("flotilla_subscriptions") == true
        }
        try await setting.billing.write { try $0.execute(sql: "ALTER TABLE hidden RENAME TO flotilla_subscriptions") }
        try await eventually("it goes on") { try await setting.bills(of: "L") == ["L=1", "L=2"] }
        run.kill()
        try await run.end()
    }

    @Test func logLinesAreJSONObjects() async throws {
        let setting = try await ParkedFleet()
        try await setting.sales.publish(ParkedFleet.sold("K", 500), ParkedFleet.sold("L", 1))
        let run = try await setting.fleet.flotilla("run", "--until-idle", "--log-format", "json")
        #expect(run.ended(3))
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count >= 3)
        for line in lines {
            let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            #expect(object["message"] != nil && object["level"] != nil && object["time"] != nil, "\(line)")
        }
    }
}
