import Foundation
import GRDB
import HTTPReceiver
import Synchronization
import TestKit
import Testing

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// The kinds of steps, and what an operator does, with the real program.
@Suite(.serialized, .lanes) struct SagaKindTests {
    /// A saga that asks over HTTP, waits for a person, for an event and for a time, and then writes a row.
    private func fleet(port: Int, retry: String = "{attempts: 3, wait: 20ms, at_most: 50ms}") async throws
        -> FleetDirectory
    {
        let fleet = try FleetDirectory(
            """
            fleet: kinds
            services:
              shop:
                store: sqlite:shop.db
                publishes: [Asked, Paid]
            sagas:
              order:
                start: shop.Asked
                deadline: 20m
                lock: "order:{data.item}"
                steps:
                  - step: reserve
                    http: {url: "http://127.0.0.1:\(port)/reserve/{data.item}?n={data.n}", body: {count: data.n}}
                    retry: \(retry)
                    timeout: 3m
                    compensate:
                      http: {url: "http://127.0.0.1:\(port)/release/{data.item}", body: {count: data.n}}
                      retry: \(retry)
                  - step: approve
                    decision: {options: [approve, decline]}
                    timeout: 5m
                  - choice: approved
                    when:
                      - if: {value: replies.approve.decision, equals: decline}
                        steps:
                          - fail: declined
                            error: nobody wants it
                    otherwise: []
                  - step: payment
                    event: {type: shop.Paid, where: order.item, equals: data.item}
                    timeout: 5m
                  - step: pause
                    timer: 50ms
                  - step: confirm
                    role: pivot
                    sql:
                      service: shop
                      run: INSERT INTO done (item, place) VALUES (:data.item, :replies.reserve.place)
            """)
        try await fleet.store("shop.db").write { database in
            try database.execute(sql: "CREATE TABLE done (item TEXT PRIMARY KEY, place TEXT NOT NULL)")
        }
        let applied = try await fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
        return fleet
    }

    private func does(_ fleet: FleetDirectory, _ words: String...) async throws -> String {
        let program = try fleet.start(["sagas"] + words)
        let ending = try await program.end()
        try check(ending == .code(0), "\(words): \(ending) \(program.output)\(program.errors)")
        return program.output
    }

    private func show(_ fleet: FleetDirectory, _ id: String) async throws -> [String: Any] {
        let text = try await does(fleet, "show", id, "--json")
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    private func status(_ fleet: FleetDirectory, _ id: String) async throws -> String {
        try await show(fleet, id)["status"] as? String ?? ""
    }

    /// The states of the steps that it has come to.
    private func steps(_ fleet: FleetDirectory, _ id: String) async throws -> [String: String] {
        var states: [String: String] = [:]
        for step in try await show(fleet, id)["steps"] as? [[String: Any]] ?? [] {
            states[step["step"] as? String ?? ""] = (step["forward"] as? [String: Any])?["status"] as? String
        }
        return states
    }

    private func reaches(_ fleet: FleetDirectory, _ id: String, _ step: String, _ state: String = "running")
        async throws
    {
        try await eventually("\(id) reaches \(step) \(state)") { try await steps(fleet, id)[step] == state }
    }

    @Test func everyKindOfStepIsDone() async throws {
        let receiver = try await HTTPReceiver { request in
            .answer(200, headers: [("content-type", "application/json")], body: "{\"place\": \"shelf 4\"}")
        }
        let fleet = try await fleet(port: receiver.port)
        // An event that comes before somebody waits for it counts.
        let paid = try await fleet.flotilla(
            "publish", "shop", "Paid", "--key", "k", "--data", "{\"order\": {\"item\": \"a b/c\"}}")
        let run = try await fleet.startRun()
        let id = try await does(fleet, "start", "order", "--data", "{\"item\": \"a b/c\", \"n\": 2}", "--id", "1")
            .trimmingCharacters(in: .newlines)
        #expect(id == "order/1")
        try await reaches(fleet, id, "approve")
        _ = try await does(fleet, "signal", "1", "approve", "approve", "--by", "ada")
        if !paid.ended(0) { Issue.record("\(paid.said)") }
        try await eventually("it ends") { try await status(fleet, id) == "completed" }
        let request = try #require(receiver.requests.first)
        #expect(request.path == "/reserve/a%20b%2Fc?n=2")
        #expect(request["idempotency-key"] == "\"order/1/reserve/do\"" && request["flotilla-attempt"] == "1")
        #expect(request.body == "{\"count\":2}")
        let row = try await fleet.store("shop.db").read { try String.fetchOne($0, sql: "SELECT place FROM done") }
        #expect(row == "shelf 4")
        let text = try await does(fleet, "show", id)
        for part in ["order/1  completed", "✓  reserve", "✓  approve", "✓  payment", "✓  pause", "✓  confirm"] {
            #expect(text.contains(part), "\(part) in:\n\(text)")
        }
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test func aSagaIsCancelledWhileItWaitsAndADecisionMayUndoIt() async throws {
        let receiver = try await HTTPReceiver { _ in .answer(200, body: "{\"place\": \"x\"}") }
        let fleet = try await fleet(port: receiver.port)
        let run = try await fleet.startRun()
        _ = try await does(fleet, "start", "order", "--data", "{\"item\": \"a\", \"n\": 1}", "--id", "1")
        // The second waits for the lock of the first.
        _ = try await does(fleet, "start", "order", "--data", "{\"item\": \"a\", \"n\": 1}", "--id", "2")
        try await reaches(fleet, "1", "approve")
        #expect(try await steps(fleet, "2").isEmpty)
        #expect(try await does(fleet, "show", "2").contains("lock order:a: waited for"))
        _ = try await does(fleet, "cancel", "1", "--reason", "changed his mind")
        try await eventually("the first is undone") { try await status(fleet, "1") == "compensated" }
        try await reaches(fleet, "2", "approve")
        let wrong = try await fleet.flotilla("sagas", "signal", "2", "approve", "perhaps")
        #expect(wrong.ended(1) && wrong.errors.contains("approve, decline"), "\(wrong.said)")
        _ = try await does(fleet, "signal", "2", "approve", "decline")
        try await eventually("the second is undone") { try await status(fleet, "2") == "compensated" }
        #expect(
            receiver.requests.map { $0.path.prefix { $0 != "?" } }
                == ["/reserve/a", "/release/a", "/reserve/a", "/release/a"])
        let ended = try await fleet.flotilla("sagas", "cancel", "2", "--reason", "again")
        #expect(ended.ended(1) && ended.errors.contains("late"), "\(ended.said)")
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test func aCompensationThatFailsIsParkedAndRetriedOrSkipped() async throws {
        let isMended = Flag()
        let receiver = try await HTTPReceiver { request in
            if request.path.hasPrefix("/release"), !isMended.isSet { return .answer(500) }
            return .answer(200, body: "{\"place\": \"x\"}")
        }
        let fleet = try await fleet(port: receiver.port)
        let run = try await fleet.startRun()
        for id in ["1", "2"] {
            _ = try await does(fleet, "start", "order", "--data", "{\"item\": \"\(id)\", \"n\": 1}", "--id", id)
            try await reaches(fleet, id, "approve")
            _ = try await does(fleet, "cancel", id, "--reason", "no")
            try await eventually("\(id) is parked") { try await status(fleet, id) == "parked" }
        }
        let overview = try await fleet.flotilla("status")
        #expect(overview.output.contains("2 of saga order wait for you"), "\(overview.said)")
        let unknown = try await fleet.flotilla("sagas", "skip", "1", "reserv", "--reason", "by hand")
        #expect(unknown.ended(1) && unknown.errors.contains("did you mean reserve?"), "\(unknown.said)")
        _ = try await does(fleet, "skip", "1", "reserve", "--reason", "released by hand")
        try await eventually("the first has ended") { try await status(fleet, "1") == "compensated" }
        let shown = try await does(fleet, "show", "1")
        #expect(shown.contains("skipped after 3 attempts: released by hand"), "\(shown)")
        isMended.set()
        _ = try await does(fleet, "retry", "2")
        try await eventually("the second has ended") { try await status(fleet, "2") == "compensated" }
        // Three attempts each, and one more.
        #expect(receiver.requests.filter { $0.path.hasPrefix("/release/1") }.count == 3)
        #expect(receiver.requests.filter { $0.path.hasPrefix("/release/2") }.count == 4)
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test func whatMatchesNoSagaIsTold() async throws {
        let receiver = try await HTTPReceiver { _ in .answer(200) }
        let fleet = try await fleet(port: receiver.port)
        let run = try await fleet.startRun()
        _ = try await fleet.flotilla(
            "publish", "shop", "Asked", "--key", "k", "--data", "{\"other\": 1}")
        try await eventually("it is told") { try await does(fleet, "strays").contains("starts no order") }
        let missing = try await fleet.flotilla("sagas", "show", "nobody")
        #expect(missing.ended(1) && missing.errors.contains("there is no saga nobody"), "\(missing.said)")
        let name = try await fleet.flotilla("sagas", "start", "ordre", "--data", "{}")
        #expect(name.ended(1) && name.errors.contains("did you mean order?"), "\(name.said)")
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }
}
