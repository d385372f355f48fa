import Foundation
import Testing

/// What the program answers to its shell, and what it says there.
@Suite(.serialized, .lanes) struct ExitCodeTests {
    static let yaml = """
        fleet: codes
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Sold]
            views:
              sales:
                schema: CREATE TABLE sales (key TEXT PRIMARY KEY, amount INTEGER NOT NULL);
                when: {shop.Sold: "INSERT INTO sales VALUES (:key, :data.amount)"}
          stock:
            store: sqlite:stock.db
            publishes: ["*"]
        """

    private func applied() async throws -> FleetDirectory {
        let fleet = try FleetDirectory(Self.yaml)
        #expect(try await fleet.flotilla("apply").ended(0))
        return fleet
    }

    @Test func planTellsWhatApplyDoesAndThenNothing() async throws {
        let fleet = try FleetDirectory(Self.yaml)
        let plan = try await fleet.flotilla("plan")
        #expect(plan.ended(2), "\(plan.said)")
        #expect(plan.output.contains("create view shop.sales"))
        #expect(!FileManager.default.fileExists(atPath: fleet.file("shop.db")))
        #expect(!FileManager.default.fileExists(atPath: fleet.file(".flotilla")))
        for _ in 1...2 { #expect(try await fleet.flotilla("apply").ended(0)) }
        let after = try await fleet.flotilla("plan")
        #expect(after.ended(0), "\(after.said)")
        #expect(after.output.contains("nothing to do"))
    }

    @Test(arguments: [
        ["run"], ["run", "--until-idle"], ["publish", "shop", "Sold", "--key", "K"], ["views", "rebuild", "sales"],
    ])
    func fleetThatWasNotAppliedSaysSo(_ arguments: [String]) async throws {
        let fleet = try FleetDirectory(Self.yaml)
        let program = try fleet.start(arguments)
        #expect(try await program.end() == .code(1), "\(program.errors)")
        #expect(program.errors.contains("flotilla apply"), "\(program.errors)")
    }

    @Test func statusOfAFleetThatWasNotAppliedSaysSo() async throws {
        let fleet = try FleetDirectory(Self.yaml)
        let status = try await fleet.flotilla("status")
        #expect(status.ended(69), "\(status.said)")
        #expect(status.output.contains("missing"), "\(status.said)")
    }

    @Test func idleRunEndsWithParkedEventsInItsCode() async throws {
        let fleet = try await applied()
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await fleet.flotilla("publish", "shop", "Sold", "--key", "K", "--data", "{\"amount\": 3}").ended(0))
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await fleet.flotilla("publish", "shop", "Sold", "--key", "K", "--data", "{\"amount\": 4}").ended(0))
        #expect(try await fleet.flotilla("run", "--until-idle").ended(3))
    }

    @Test func fileThatIsNotThereIsNamed() async throws {
        let fleet = try FleetDirectory()
        for command in ["check", "plan", "apply", "run", "status"] {
            let result = try await fleet.flotilla(command)
            #expect(result.ended(1), "\(result.said)")
            #expect(result.errors.contains("fleet.yaml"), "\(result.said)")
        }
    }

    @Test func storeThatIsNoDatabaseIsUnavailable() async throws {
        let fleet = try await applied()
        try fleet.write(
            "this is no database, however long the text may be: " + String(repeating: "no ", count: 500), to: "shop.db")
        for command in ["plan", "apply", "status"] {
            let result = try await fleet.flotilla(command)
            #expect(result.ended(69), "\(command): \(result.said)")
            #expect((result.output + result.errors).contains("shop.db"), "\(command): \(result.said)")
        }
    }

    @Test(arguments: [
        (["publish", "shops", "Sold", "--key", "K"], "did you mean shop?"),
        (["publish", "shop", "Sodl", "--key", "K"], "did you mean Sold?"),
        (["publish", "shop", "Sold", "--key", "K", "--data", "{"], "not JSON"),
        (["publish", "shop", "--key", "K"], "SERVICE EVENT"),
        (["publish", "shop", "Sold"], "--key"),
        (["views", "rebuild", "sale"], "did you mean sales?"),
        (["views", "rebuild"], "views rebuild NAME"),
        (["views"], "rebuild"),
        (["parked", "lits"], "list, retry, discard"),
        (["rum"], "rum"),
        (["run", "--until-idel"], "--until-idle"),
        (["run", "--log-format", "yaml"], "log-format"),
        (["check", "a.yaml", "b.yaml"], "b.yaml"),
    ])
    func slipsAreToldWithTheirCure(_ arguments: [String], _ words: String) async throws {
        let fleet = try await applied()
        let program = try fleet.start(arguments)
        #expect(try await program.end() == .code(1), "\(program.errors)")
        #expect(program.errors.contains(words), "\(program.errors)")
        #expect(program.output.isEmpty)
    }
}
