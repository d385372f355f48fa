import Foundation
import TestKit
import Testing

/// Objectives of a fleet that runs, from an event to what people see.
@Suite(.serialized, .lanes) struct ObjectiveTests {
    @Test func whatHappensIsCountedAndKept() async throws {
        let fleet = try await ObjectiveFleet()
        let before = try await fleet.reading()
        #expect(
            before.asOf == nil && !before.live
                && before.objectives.map(\.state) == Array(repeating: "unknown", count: 4))
        let run = try await fleet.directory.startRun()
        let signals = try await SignalAddress(of: run)
        let labels = "{fleet=\"shop\",objective=\"sales_right\",subject=\"view shop.sales\"}"
        // Prometheus sees no growth in a series that begins with it.
        try await eventually("what nothing has happened to is counted from 0") {
            let told = try await signals.get("/metrics")
            return told.value("flotilla_objective_events_total\(labels)") == 0
                && told.value("flotilla_objective_bad_events_total\(labels)") == 0
        }
        try await fleet.sell(20)
        try await fleet.sell(2, amount: -1)
        try await eventually("all are counted, and the store was looked at") {
            let told = try await signals.get("/metrics")
            return told.value("flotilla_objective_events_total\(labels)") == 22
                && (told.value(
                    "flotilla_objective_budget_left_ratio{fleet=\"shop\",objective=\"shop_up\",subject=\"store shop\"}")
                    ?? 0) == 1
        }
        let told = try await signals.get("/metrics")
        #expect(told.value("flotilla_objective_bad_events_total\(labels)") == 2)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        // Nobody runs: what was counted is there, and as of when.
        let kept = try await fleet.reading()
        #expect(kept.asOf != nil && !kept.live)
        #expect(kept["sales_right"]?.total == 22 && kept["sales_right"]?.bad == 2)
        #expect(kept["sales_right"]?.state == "breached")
        #expect((kept["sales_fresh"]?.total ?? 0) >= 22 && kept["shop_relay"]?.total == 22)
        #expect((kept["shop_up"]?.total ?? 0) >= 1 && kept["shop_up"]?.bad == 0)
        let table = try await fleet.directory.flotilla("objectives")
        #expect(table.ended(0) && table.output.contains("nobody carries the fleet"), "\(table.said)")
        #expect(table.output.contains("sales_right") && table.output.contains("breached"), "\(table.said)")
        // The next process goes on from there, also where it is killed.
        let second = try await fleet.directory.startRun()
        try await fleet.sell(10)
        try await eventually("the second counts on, and has written it down") {
            let reading = try await fleet.reading()
            return reading.live && reading["sales_right"]?.total == 32
        }
        second.kill()
        _ = try await second.end()
        #expect(try await fleet.reading()["sales_right"]?.total == 32)
    }

    @Test func anEventThatIsNotVisibleIsBadWhileItWaits() async throws {
        let fleet = try await ObjectiveFleet()
        let run = try await fleet.directory.startRun()
        let signals = try await SignalAddress(of: run)
        #expect(try await fleet.directory.flotilla("pause", "shop.sales").ended(0))
        try await eventually("it rests") { run.errors.contains("shop.sales is paused") }
        try await fleet.sell(3)
        // Nothing of them is visible, so nothing has told of them but that they wait.
        try await eventually("the page is told") { run.errors.contains("alert=firing") }
        #expect(try await fleet.directory.store("shop.db").integer("SELECT count(*) FROM sales") == 0)
        let firing = run.logLines.filter { $0.contains("alert=firing") && $0.contains("severity=page") }
        #expect(firing.contains { $0.contains("objective=sales_fresh") && $0.contains("fleet=shop") }, "\(firing)")
        let alert =
            "flotilla_objective_alert{fleet=\"shop\",objective=\"sales_fresh\",subject=\"view shop.sales\",severity=\"page\",window=\"2m\"}"
        try await eventually("it is measured") { try await signals.value(alert) == 1 }
        // A missed objective is no reason to send nobody here.
        try await eventually("it is ready") { try await signals.get("/readyz").status == 200 }
        #expect(try await signals.get("/healthz").status == 200)
        let labels = "{fleet=\"shop\",objective=\"sales_fresh\",subject=\"view shop.sales\"}"
        let waiting = try #require(try await signals.value("flotilla_objective_bad_events_total\(labels)"))
        #expect(waiting >= 3)
        try await eventually("what lasts goes on to be bad") {
            (try await signals.value("flotilla_objective_bad_events_total\(labels)") ?? 0) > waiting
        }
        #expect(try await fleet.directory.flotilla("resume", "shop.sales").ended(0))
        try await eventually("they are visible") {
            try await fleet.directory.store("shop.db").integer("SELECT count(*) FROM sales") == 3
        }
        try await eventually("it is over") {
            run.errors.contains("objective sales_fresh (freshness of view shop.sales) does not burn its budget")
        }
        // Each transition is told once.
        let two = run.logLines.filter { $0.contains("objective=sales_fresh") && $0.contains("window=2m") }
        #expect(two.count == 2 && two[0].contains("alert=firing"), "\(run.errors)")
        #expect(two[1].contains("any more over 2m") && two[1].contains("alert=resolved"), "\(run.errors)")
        // What goes on is said beside it.
        #expect(two[1].contains(", but still does over "), "\(two)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let reading = try await fleet.reading()
        // Counted once each, and once for each two seconds in which they waited and nothing else was bad.
        #expect((reading["sales_fresh"]?.total ?? 0) == (reading["sales_fresh"]?.bad ?? -1))
    }

    @Test func anObjectiveOnWhatDoesNotExistStopsNothing() async throws {
        let fleet = try await ObjectiveFleet()
        let wrong = ObjectiveFleet.yaml().replacing(
            "{view: shop.sales, errors: 1%}", with: "{view: shop.sale, errors: 1%}")
        try fleet.directory.write(wrong)
        let checked = try await fleet.directory.flotilla("check")
        #expect(checked.ended(1) && checked.said.contains("there is no view \"shop.sale\""), "\(checked.said)")
        let run = try await fleet.directory.startRun()
        try await fleet.sell(3)
        try await eventually("events are carried") {
            try await fleet.directory.store("shop.db").integer("SELECT count(*) FROM sales") == 3
        }
        let told = run.logLines.filter { $0.contains("the objective is left out") }
        #expect(told.count == 1 && told[0].contains("did you mean \"shop.sales\"?"), "\(run.errors)")
        let signals = try await SignalAddress(of: run)
        let labels = "{fleet=\"shop\",objective=\"shop_relay\",subject=\"stream shop\"}"
        try await eventually("the others are counted") {
            try await signals.value("flotilla_objective_events_total\(labels)") == 3
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    /// Events that a replay takes again were counted when they came first, also by another process.
    @Test(arguments: [true, false]) func aReplayBurnsNoBudget(_ isWhileItRuns: Bool) async throws {
        let fleet = try await ObjectiveFleet()
        let first = try await fleet.directory.startRun()
        try await fleet.sell(20)
        try await eventually("all are counted") { try await fleet.reading()["sales_right"]?.total == 20 }
        try await eventually("also as fresh ones") { (try await fleet.reading()["sales_fresh"]?.total ?? 0) >= 20 }
        func replay() async throws {
            let replayed = try await fleet.directory.flotilla("replay", "shop.sales", "--position", "1")
            #expect(replayed.ended(0), "\(replayed.said)")
        }
        if isWhileItRuns { try await replay() }
        first.send(SIGTERM)
        #expect(try await first.end() == .code(0))
        if !isWhileItRuns { try await replay() }
        let before = try #require(try await fleet.reading()["sales_fresh"])
        let second = try await fleet.directory.startRun()
        try await fleet.sell(1)
        // What is attempted is counted again.
        try await eventually("all were taken again, and one more") {
            try await fleet.reading()["sales_right"]?.total == 41
        }
        second.send(SIGTERM)
        #expect(try await second.end() == .code(0))
        let after = try #require(try await fleet.reading()["sales_fresh"])
        // The new one, and one for each two seconds in which it waited.
        #expect(after.bad - before.bad < 15 && (1..<15).contains(after.total - before.total), "\(before) \(after)")
    }

    @Test func aClockThatGoesBackIsSurvived() async throws {
        let fleet = try await ObjectiveFleet()
        let run = try await fleet.directory.startRun()
        try await fleet.sell(5)
        try await eventually("they are counted") { try await fleet.reading()["sales_right"]?.total == 5 }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let second = try await fleet.directory.startRun(environment: ["FLOTILLA_CLOCK_OFFSET": "-864000"])
        try await fleet.sell(5)
        try await eventually("both are there") { try await fleet.reading()["sales_right"]?.total == 10 }
        second.send(SIGTERM)
        #expect(try await second.end() == .code(0))
    }

    @Test func aFleetWithoutMetricsHasObjectivesAsWell() async throws {
        let yaml = ObjectiveFleet.yaml().replacingOccurrences(of: "metrics: {listen: \"127.0.0.1:0\"}\n", with: "")
        let fleet = try await ObjectiveFleet(yaml)
        try await fleet.sell(4)
        let run = try await fleet.directory.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
        #expect(try await fleet.reading()["sales_right"]?.total == 4)
    }

    #if Postgres
        @Test func stateInPostgreSQLKeepsThemForWhoeverCarriesNext() async throws {
            let server = try await PrivatePostgres.shared()
            let database = try await server.makeDatabase()
            let name = database.replacing("_", with: "-")
            let yaml = ObjectiveFleet.yaml(fleet: name).replacingOccurrences(
                of: "alerts:", with: "state: \"\(server.url(database))\"\nalerts:")
            let fleet = try await ObjectiveFleet(yaml)
            let first = try await fleet.directory.startRun()
            try await fleet.sell(6)
            try await eventually("they are counted and kept") {
                try await fleet.reading()["sales_right"]?.total == 6
            }
            // It hangs, and another takes over; what it writes when it wakes is refused.
            let second = try fleet.directory.start("run")
            first.send(SIGSTOP)
            try await eventually("the second carries") { second.errors.contains("carrying fleet") }
            try await fleet.sell(4)
            try await eventually("it counts on") { try await fleet.reading()["sales_right"]?.total == 10 }
            first.send(SIGCONT)
            try await eventually("the first is told") {
                first.errors.contains("no longer carrying fleet") || first.ended != nil
            }
            #expect(try await fleet.reading()["sales_right"]?.total == 10)
            first.kill()
            second.send(SIGTERM)
            #expect(try await second.end() == .code(0))
            #expect(try await fleet.reading()["sales_right"]?.total == 10)
            // Without any objective there is nothing of them any more.
            let begin = try #require(yaml.range(of: "objectives:\n"))
            let end = try #require(yaml.range(of: "services:\n"))
            try fleet.directory.write(yaml.replacingCharacters(in: begin.lowerBound..<end.lowerBound, with: ""))
            let counted = "SELECT count(*) FROM \"flotilla-\(name)\".flotilla_objectives"
            #expect(try server.psql(database, counted) != "0")
            let last = try await fleet.directory.flotilla("run", "--until-idle")
            #expect(last.ended(0) && !last.errors.contains("former objectives"), "\(last.said)")
            #expect(try server.psql(database, counted) == "0")
        }
    #endif

    @Test func rulesAndOpenSLOArePrinted() async throws {
        let fleet = try await ObjectiveFleet()
        let rules = try await fleet.directory.flotilla("objectives", "rules")
        #expect(rules.ended(0) && rules.output.contains("alert: FlotillaObjectiveBurnsTooFast"))
        if let promtool = Command("promtool") {
            try fleet.directory.write(rules.output, to: "rules.yml")
            let (status, output) = try promtool.run(["check", "rules", fleet.directory.file("rules.yml")])
            #expect(status == 0, "\(output)")
        }
        let exported = try await fleet.directory.flotilla("objectives", "export", "--openslo")
        #expect(exported.ended(0))
        try fleet.directory.write(exported.output, to: "slo.yaml")
        let imported = try await fleet.directory.flotilla("objectives", "import", "slo.yaml")
        #expect(imported.ended(0) && imported.errors.isEmpty, "\(imported.said)")
        #expect(
            imported.output.contains("  sales_fresh: {view: shop.sales, freshness: 500ms, target: 99%, window: 1d}\n"),
            "\(imported.said)")
        #expect(try await fleet.directory.flotilla("objectives", "export").ended(1))
    }
}
