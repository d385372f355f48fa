import Foundation
import GRDB
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// Replies that come twice, late or for nobody, and a journal that has what cannot be read: recorded and shown, and in nobody's
/// way.
@Suite(.serialized, .lanes) struct SagaBadInputTests {
    private func publish(_ fleet: FleetDirectory, _ service: String, _ type: String, _ payload: String) async throws {
        let result = try await fleet.flotilla("publish", service, type, "--key", "k", "--data", payload)
        try check(result.ended(0), result.said)
    }

    private func strays(_ fleet: FleetDirectory) async throws -> String {
        try await fleet.flotilla("sagas", "strays").output
    }

    @Test func repliesThatMatchNothingOrComeAgainAreShown() async throws {
        let bank = try await BankFleet()
        let fleet = bank.fleet
        let run = try await fleet.startRun()
        let data = "{\"id\": \"t1\", \"from\": 1, \"to\": 2, \"amount\": 7}"
        let started = try await fleet.flotilla("sagas", "start", "transfer", "--id", "1", "--data", data)
        try check(started.ended(0), started.said)
        try await eventually("it ends") { try await bank.statuses() == ["completed": 1] }
        func reply(_ request: String) -> String { "{\"saga\": {\"request\": \"\(request)\"}}" }
        // To nobody, to a request that was never made, without a request, and of an event that answers something else.
        try await publish(fleet, "left", "Withdrawn", reply("transfer/9/withdraw/do/1"))
        try await publish(fleet, "left", "Withdrawn", "{\"amount\": 7}")
        try await publish(fleet, "left", "Redeposited", reply("transfer/1/withdraw/do/1"))
        try await publish(fleet, "left", "Refused", "{\"saga\": {\"request\": 17}}")
        for part in [
            "answers transfer/9/withdraw/do/1, which is no request of a saga", "names no request in saga.request",
            "is no answer to transfer/1/withdraw/do/1",
        ] {
            try await eventually("it is told: \(part)") { try await strays(fleet).contains(part) }
        }
        // Once more, after the end; refused, after it was done; and to an attempt that was never made.
        try await publish(fleet, "left", "Withdrawn", reply("transfer/1/withdraw/do/1"))
        try await publish(fleet, "left", "Refused", reply("transfer/1/withdraw/do/1"))
        try await publish(fleet, "left", "Withdrawn", reply("transfer/1/withdraw/do/7"))
        for kind in ["duplicate", "late", "stray"] {
            try await eventually("it is noted as \(kind)") {
                try await fleet.flotilla("sagas", "show", "1").output.contains(
                    "\(kind): an answer to the forward of withdraw")
            }
        }
        #expect(try await bank.statuses() == ["completed": 1])
        let money = try await bank.money()
        #expect(money == (left: 10_000 - 7, right: 10_000 + 7))
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test func aSagaThatCannotBeReadStopsNobodyElse() async throws {
        let bank = try await BankFleet()
        let fleet = bank.fleet
        // Nobody answers yet: the saga waits.
        #expect(try await fleet.flotilla("pause", "left.accounts").ended(0))
        let run = try await fleet.startRun()
        for id in ["1", "2"] {
            let data = "{\"id\": \"t\(id)\", \"from\": 1, \"to\": 2, \"amount\": 7}"
            // Whoever carries the fleet may be writing for long.
            try await eventually("it is started", every: .milliseconds(200)) {
                try await fleet.flotilla("sagas", "start", "transfer", "--id", id, "--data", data).ended(0)
            }
        }
        run.kill()
        try await run.end()
        let journal = try fleet.store(".flotilla/sagas.sqlite")
        try await journal.write { database in
            try database.execute(
                sql: "UPDATE flotilla_sagas SET state = 'no state', wake_at = 1 WHERE id = 'transfer/1'")
        }
        #expect(try await fleet.flotilla("resume", "left.accounts").ended(0))
        let again = try await fleet.startRun()
        try await eventually("the other ends") { try await bank.statuses() == ["completed": 1, "parked": 1] }
        #expect(try await strays(fleet).contains("transfer/1 is parked, as it cannot be read"))
        let told = again.errors.components(separatedBy: "transfer/1 is parked, as it cannot be read").count - 1
        #expect(told == 1, "\(again.errors)")
        let show = try await fleet.flotilla("sagas", "show", "1")
        #expect(!show.ended(0) && show.errors.contains("cannot be read"), "\(show.said)")
        try await bank.ask(10...12)
        try await eventually("others go on") { try await bank.statuses()["completed"] == 3 }
        again.send(SIGINT)
        #expect(try await again.end() == .code(0))
    }

    @Test func aJournalThatIsLostIsToldByApply() async throws {
        let bank = try await BankFleet()
        let fleet = bank.fleet
        try await bank.ask(1...3)
        let idle = try await fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
        for file in ["sagas.sqlite", "sagas.sqlite-wal", "sagas.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: fleet.file(".flotilla/\(file)"))
        }
        for _ in 1...2 {
            let applied = try await fleet.flotilla("apply")
            #expect(
                applied.ended(69)
                    && applied.errors.contains("the journal of sagas is not the one that has taken the events"),
                "\(applied.said)")
        }
    }

    @Test func aClockThatIsPutBackHoldsNoSagaUp() async throws {
        let isMended = Flag()
        let receiver = try await HTTPReceiver { _ in isMended.isSet ? .answer(200) : .answer(500) }
        let fleet = try FleetDirectory(
            """
            fleet: clock
            services:
              shop: {store: "sqlite:shop.db", publishes: [Asked]}
            sagas:
              order:
                deadline: 1d
                steps:
                  - step: charge
                    role: query
                    http: {url: "http://127.0.0.1:\(receiver.port)/charge"}
                    retry: {attempts: 100, wait: 1s, at_most: 2s}
            """)
        #expect(try await fleet.flotilla("apply").ended(0))
        let ahead = try await fleet.startRun(environment: ["FLOTILLA_CLOCK_OFFSET": "7200"])
        #expect(try await fleet.flotilla("sagas", "start", "order", "--data", "{}", "--id", "1").ended(0))
        try await eventually("it is tried") { receiver.requests.count >= 2 }
        ahead.kill()
        try await ahead.end()
        isMended.set()
        let run = try await fleet.startRun()
        try await eventually("it ends within seconds, not hours") {
            try await fleet.flotilla("sagas", "list").output.contains("completed")
        }
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
