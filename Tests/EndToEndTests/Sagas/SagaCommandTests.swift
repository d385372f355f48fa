import Foundation
import GRDB
import HTTPReceiver
import TestKit
import Testing

/// What the program says of sagas to whoever gives it wrong words, or a file that has changed.
@Suite(.serialized, .lanes) struct SagaCommandTests {
    private static func yaml(sagas: String) -> String {
        """
        fleet: words
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Asked]
        \(sagas)
        """
    }

    private static func saga(_ name: String, step: String = "approve") -> String {
        """
          \(name):
            deadline: 20m
            steps:
              - step: \(step)
                decision: {options: [approve, decline]}
                timeout: 5m
              - step: write
                role: pivot
                sql: {service: shop, run: "INSERT INTO done VALUES (:data.item)"}
        """
    }

    private func fleet(_ sagas: String = "sagas:\n\(saga("order"))") async throws -> FleetDirectory {
        let fleet = try FleetDirectory(Self.yaml(sagas: sagas))
        try await fleet.store("shop.db").write { try $0.execute(sql: "CREATE TABLE done (item TEXT PRIMARY KEY)") }
        let applied = try await fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
        return fleet
    }

    @Test func wrongWordsAreToldPlainlyAndEndWithOne() async throws {
        let fleet = try await fleet()
        for (words, part) in [
            (["start", "order", "--data", "[1]"], "--data is no JSON object"),
            (["start", "order", "--data", "7"], "--data is no JSON object"),
            (["start", "order", "--data", "{"], "--data is not JSON"),
            (["start", "order", "--data", "{}", "--id", ""], "--id is empty"),
            (["start", "order", "--data", "{}", "--id", "a b"], "white space"),
            (["start", "order"], "say what the saga is about"),
            (["list", "--limit", "0"], "--limit is above 0"),
            (["list", "--limit=-3"], "--limit is above 0"),
            (["strays", "--limit", "0"], "--limit is above 0"),
            (["resolve", "1", "write", "--reason", "seen"], "say what became of it: --done REPLY"),
            (["resolve", "1", "write", "--done", "{}", "--not-done", "--reason", "seen"], "two things"),
            (["resolve", "1", "write", "--done", "yes", "--reason", "seen"], "the reply of --done is no JSON"),
            (["resolve", "1", "write", "--not-done"], "say why"),
            (["signal", "1"], "name an id, a step and an option"),
            (["lst"], "did you mean list?"),
            (["list", "--status", "open"], "'open' is none of running"),
        ] {
            let program = try fleet.start(["sagas"] + words)
            let ending = try await program.end()
            #expect(ending == .code(1) && program.errors.contains(part), "\(words): \(program.errors)")
            // The command's own help is named, and nobody's usage is printed.
            #expect(!program.errors.contains("USAGE") && !program.errors.contains("<subcommand>"), "\(program.errors)")
            #expect(!program.errors.contains("bug"), "\(program.errors)")
        }
        let wrong = try await fleet.flotilla("sagas", "lst")
        #expect(wrong.errors.contains("see `flotilla sagas --help`"), "\(wrong.said)")
    }

    @Test func checkCountsSagas() async throws {
        let fleet = try await fleet("sagas:\n\(Self.saga("order"))\n\(Self.saga("other"))")
        let check = try await fleet.flotilla("check")
        #expect(check.ended(0) && check.output.contains("1 service, 0 views, 2 sagas\n"), "\(check.said)")
    }

    @Test func whatTheSagaDoesNotKnowIsTriedOnce() async throws {
        let fleet = try await fleet()
        let run = try await fleet.startRun()
        // It has no item: the pivot cannot be tried, and certainly is not done.
        #expect(try await fleet.flotilla("sagas", "start", "order", "--data", "{}", "--id", "1").ended(0))
        try await eventually("it says what it waits for") {
            try await fleet.flotilla("sagas", "show", "1").output
                .contains("waits for a decision, approve or decline, until 20")
        }
        let signalled = try await fleet.flotilla("sagas", "signal", "1", "approve", "approve")
        #expect(signalled.ended(0), "\(signalled.said)")
        try await eventually("it is undone, after one attempt") {
            let shown = try await fleet.flotilla("sagas", "show", "1", "--json")
            return shown.output.contains("\"status\":\"compensated\"")
        }
        let shown = try await fleet.flotilla("sagas", "show", "1", "--json")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
        let steps = try #require(document["steps"] as? [[String: Any]])
        let forward = try #require(steps.last?["forward"] as? [String: Any])
        #expect(forward["attempts"] as? Int == 1, "\(shown.output)")
        #expect((forward["failure"] as? String)?.contains("write needs data.item") == true, "\(shown.output)")
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test func sagasThatAreDeclaredNoMoreAreTold() async throws {
        let fleet = try await fleet()
        let run = try await fleet.startRun()
        #expect(
            try await fleet.flotilla("sagas", "start", "order", "--data", "{\"item\": \"a\"}", "--id", "1").ended(0))
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
        let told = "1 of saga order has not ended (sagas), and the file does not declare it there any more"
        // Renamed, and then taken out altogether.
        for sagas in ["sagas:\n\(Self.saga("purchase"))", ""] {
            try fleet.write(Self.yaml(sagas: sagas))
            let check = try await fleet.flotilla("check")
            #expect(check.ended(0) && check.errors.contains(told), "\(check.said)")
            let plan = try await fleet.flotilla("plan")
            #expect(plan.output.contains(told), "\(plan.said)")
            #expect(try await fleet.flotilla("apply").ended(0))
            let status = try await fleet.flotilla("status")
            #expect(status.output.contains(told), "\(status.said)")
            let list = try await fleet.flotilla("sagas", "list")
            #expect(list.ended(0) && list.output.contains("order/1") && list.errors.contains(told), "\(list.said)")
            let one = try await fleet.flotilla("sagas", "list", "--saga", "order", "--status", "running")
            #expect(one.output.contains("order/1"), "\(one.said)")
            let show = try await fleet.flotilla("sagas", "show", "order/1")
            #expect(show.ended(0) && show.output.contains("approve"), "\(show.said)")
            let idle = try await fleet.flotilla("run", "--until-idle")
            #expect(idle.errors.contains(told), "\(idle.said)")
        }
        // It is put back, and ends.
        try fleet.write(Self.yaml(sagas: "sagas:\n\(Self.saga("order"))"))
        #expect(try await fleet.flotilla("apply").ended(0))
        let again = try await fleet.startRun()
        #expect(try await fleet.flotilla("sagas", "signal", "1", "approve", "approve").ended(0))
        try await eventually("it ends") {
            try await fleet.flotilla("sagas", "list").output.contains("completed")
        }
        again.send(SIGINT)
        #expect(try await again.end() == .code(0))
        let plan = try await fleet.flotilla("plan")
        #expect(plan.ended(0) && !plan.output.contains("not ended"), "\(plan.said)")
    }

    @Test func aChangedSagaIsToldAndThoseUnderWayEndAsTheyBegan() async throws {
        let fleet = try await fleet()
        let run = try await fleet.startRun()
        for id in ["1", "2"] {
            let start = ["sagas", "start", "order", "--data", "{\"item\": \"\(id)\"}", "--id", id]
            let program = try fleet.start(start)
            #expect(try await program.end() == .code(0), "\(program.errors)")
            if id == "1" {
                #expect(try await fleet.flotilla("plan").output.contains("nothing to do"))
                try fleet.write(Self.yaml(sagas: "sagas:\n\(Self.saga("order", step: "agree"))"))
                let plan = try await fleet.flotilla("plan")
                #expect(plan.ended(0), "\(plan.said)")
                for part in [
                    "saga order is declared otherwise than it was",
                    "1 of saga order ends by the definition that it began with",
                ] { #expect(plan.output.contains(part), "\(plan.said)") }
            }
        }
        // The one that runs has not seen the file.
        #expect(try await fleet.flotilla("sagas", "show", "2").output.contains("approve"))
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
        let again = try await fleet.startRun()
        #expect(
            try await fleet.flotilla("sagas", "start", "order", "--data", "{\"item\": \"3\"}", "--id", "3").ended(0))
        for (id, step) in [("1", "approve"), ("2", "approve"), ("3", "agree")] {
            let signal = try await fleet.flotilla("sagas", "signal", id, step, "approve")
            #expect(signal.ended(0), "\(signal.said)")
        }
        try await eventually("all end") {
            try await fleet.flotilla("sagas", "list", "--status", "completed").output.components(separatedBy: "order/")
                .count == 4
        }
        let plan = try await fleet.flotilla("plan")
        #expect(!plan.output.contains("otherwise") && !plan.output.contains("began"), "\(plan.said)")
        again.send(SIGINT)
        #expect(try await again.end() == .code(0))
    }

    /// Another port would not help who comes second.
    @Test func whoCarriesTheFleetIsNamedWhereItsPortIsTaken() async throws {
        let fleet = try FleetDirectory(ServingTests.yaml())
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        let address = String(try await SignalAddress(of: run).base.dropFirst("http://".count))
        try fleet.write(ServingTests.yaml(listen: address))
        let second = try await fleet.flotilla("run")
        #expect(
            second.ended(1) && second.errors.contains("another `flotilla run` holds")
                && second.errors.contains("process \(run.processID)") && !second.errors.contains("port"),
            "\(second.said)")
        run.kill()
    }

    @Test func aPayloadHasConstants() async throws {
        let receiver = try await HTTPReceiver { _ in .answer(200) }
        let fleet = try await fleet(
            """
            sagas:
              order:
                deadline: 5m
                steps:
                  - step: charge
                    role: query
                    http:
                      url: "http://127.0.0.1:\(receiver.port)/charge"
                      body: {item: data.item, kind: "card", text: "for \\"{data.item}\\"", count: 3, price: 1.50, gift: true, note: null}
            """)
        let run = try await fleet.startRun()
        #expect(
            try await fleet.flotilla("sagas", "start", "order", "--data", "{\"item\": \"tea\"}", "--id", "1").ended(0))
        try await eventually("it is asked") { receiver.requests.count == 1 }
        #expect(
            receiver.requests.first?.body
                == "{\"item\":\"tea\",\"kind\":\"card\",\"text\":\"for \\\"tea\\\"\",\"count\":3,\"price\":1.50,\"gift\":true,\"note\":null}"
        )
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }
}
