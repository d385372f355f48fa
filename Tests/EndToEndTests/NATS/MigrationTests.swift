import Brokers
import FleetCore
import Foundation
import GRDB
import TestKit
import Testing

#if NATS
    import NATSBroker
#endif

/// `flotilla migrate-broker`, from the embedded broker to NATS.
@Suite(.serialized, .lanes) struct MigrationTests {
    private static func yaml(_ name: String, broker: String = "embedded") -> String {
        FlowFleet.yaml(broker: broker).replacingOccurrences(of: "fleet: flow", with: "fleet: \(name)")
    }

    private static func nats(_ server: NATSServer) -> String { "{engine: nats, url: \"\(server.url)\", limit: 1GiB}" }

    @Test func aRunningFleetMovesAndNothingIsLostRepeatedOrReordered() async throws {
        let server = try await NATSServer.shared()
        let setting = try await FlowFleet(Self.yaml("moving"))
        // The stream holds some events twice, as after a crash between the log and the outbox.
        try await setting.make(1...50)
        let crashed = try setting.fleet.start("run", environment: ["FLOTILLA_CRASH_AT": "relay-appended"])
        _ = try await crashed.end()
        let run = try await setting.fleet.startRun()
        try await setting.make(51...500)
        try await setting.arrives(Array(1...500))
        let before = try await FlowStatus.read(setting.fleet).streams[0].records
        #expect((before?.last ?? 0) > 500, "no event was there twice")

        try setting.fleet.write(Self.yaml("moving", broker: Self.nats(server)))
        let move = try setting.fleet.start("migrate-broker")
        try await setting.make(501...800)
        try await eventually("all but the last is copied") { move.output.contains("Stop `flotilla run`") }
        try await setting.make(801...900)
        try await setting.end(run)
        #expect(try await move.end() == .code(0), "\(move.output)\(move.errors)")
        #expect(move.output.contains("moved moving-maker"), "\(move.output)")
        // Nobody carries now, and services go on.
        try await setting.make(901...1000)
        try await setting.does("apply")
        let after = try await setting.fleet.startRun()
        try await setting.arrives(Array(1...1000))
        try await eventually("each took effect once") { try await setting.times() == Array(repeating: 1, count: 1000) }
        let records = try await FlowStatus.read(setting.fleet).streams[0].records
        #expect((records?.last ?? 0) >= (before?.last ?? 0) + 500, "\(String(describing: records))")
        try await setting.end(after)

        #expect(try await setting.does("migrate-broker").contains("moved before, nothing to do"))
        // Whoever goes on with the old file is told.
        try setting.fleet.write(Self.yaml("moving"))
        let old = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(!old.ended(0) && old.said.contains("were moved to NATS at "), "\(old.said)")
        let applied = try await setting.fleet.flotilla("apply")
        #expect(!applied.ended(0) && applied.said.contains("were moved to NATS"), "\(applied.said)")
    }

    @Test func whatCannotBeMovedIsToldAndStays() async throws {
        let server = try await NATSServer.shared()
        let setting = try await FlowFleet(Self.yaml("staying"))
        try await setting.make(1...20)
        try await setting.does("run", "--until-idle")
        let same = try await setting.fleet.flotilla("migrate-broker")
        #expect(same.ended(1) && same.said.contains("declares the embedded broker"), "\(same.said)")
        // Somebody has begun on the new broker already.
        let begun = try await FlowFleet(Self.yaml("staying", broker: Self.nats(server)))
        try await begun.make(1...3)
        try await begun.does("run", "--until-idle")
        try setting.fleet.write(Self.yaml("staying", broker: Self.nats(server)))
        let refused = try await setting.fleet.flotilla("migrate-broker")
        #expect(!refused.ended(0) && refused.said.contains("nats stream rm staying-maker"), "\(refused.said)")
        try setting.fleet.write(Self.yaml("staying"))
        try await setting.make(21...30)
        try await setting.does("run", "--until-idle")
        #expect(try await setting.ledger() == Array(1...30))
    }

    @Test func aMoveThatIsKilledGoesOn() async throws {
        let server = try await NATSServer.shared()
        let setting = try await FlowFleet(Self.yaml("killed"))
        for part in 0..<4 { try await setting.make(part * 1000 + 1...(part + 1) * 1000) }
        try await setting.does("run", "--until-idle")
        try setting.fleet.write(Self.yaml("killed", broker: Self.nats(server)))
        var random = RandomSource(for: "a move that is killed")
        for _ in 0..<6 {
            let move = try setting.fleet.start("migrate-broker")
            try await Task.sleep(for: .milliseconds(Int64.random(in: 5...150, using: &random)))
            move.send(SIGKILL)
            _ = try await move.end()
        }
        try await setting.does("migrate-broker")
        try await setting.does("apply")
        try await setting.make(4001...4100)
        try await setting.does("run", "--until-idle")
        #expect(try await setting.ledger() == Array(1...4100))
        #expect(try await FlowStatus.read(setting.fleet).streams[0].records?.last == 4100)
    }

    private func cursors(of setting: FlowFleet, _ name: String) async throws -> [String] {
        let file = try setting.fleet.store(".flotilla/streams/\(name)-maker.db")
        return try await file.texts("SELECT subscription FROM cursors ORDER BY subscription")
    }

    /// A move that is killed and never run again holds retention back no longer than until the next look.
    @Test func whatAKilledMoveLeavesHoldsNothingBack() async throws {
        let server = try await NATSServer.shared()
        let old = Self.yaml("given-up", broker: "{engine: embedded, retain: {age: 0s}}")
        let setting = try await FlowFleet(old)
        let run = try await setting.fleet.startRun()
        try await setting.make(1...20)
        try await setting.arrives(Array(1...20))
        try setting.fleet.write(Self.yaml("given-up", broker: Self.nats(server)))
        let move = try setting.fleet.start("migrate-broker")
        try await eventually("it waits for the run") { move.output.contains("Stop `flotilla run`") }
        let second = try await setting.fleet.flotilla("migrate-broker")
        #expect(!second.ended(0) && second.said.contains("another process copies the streams"), "\(second.said)")
        move.kill()
        try await move.end()
        let copy = "migration.broker~copy"
        #expect(try await cursors(of: setting, "given-up").contains(copy))
        try await setting.make(21...30)
        try await setting.arrives(Array(1...30))
        try await setting.end(run)
        try setting.fleet.write(old)
        try await eventually("all is dropped") {
            try await setting.does("run", "--until-idle")
            return try await FlowStatus.read(setting.fleet).streams[0].records?.count == 0
        }
        #expect(try await !cursors(of: setting, "given-up").contains(copy))
    }

    #if NATS
        /// Cursors of what is not declared, and of a rebuild that was killed, would hold retention back for ever.
        @Test func cursorsOfNobodyStayBehind() async throws {
            let server = try await NATSServer.shared()
            let setting = try await FlowFleet(Self.yaml("left-behind"))
            try await setting.make(1...20)
            try await setting.does("run", "--until-idle")
            let file = try setting.fleet.store(".flotilla/streams/left-behind-maker.db")
            try await file.write {
                try $0.execute(sql: "INSERT INTO cursors VALUES ('copies.ledger~rebuild', 3), ('copies.gone', 4)")
            }
            try setting.fleet.write(Self.yaml("left-behind", broker: Self.nats(server)))
            try await setting.does("migrate-broker")
            let broker = NATSBroker(
                NATSSettings(servers: [server.url], name: "test"),
                retention: Retention(age: .seconds(0), size: ByteCount(0), limit: ByteCount(0)))
            let stream = StreamName(
                fleet: FleetName(unchecked: "left-behind"), service: ServiceName(unchecked: "maker"))
            let cursors = try await broker.subscriptions(of: stream)
            #expect(cursors.keys.map(\.description).sorted() == ["copies.latest", "copies.ledger"])
            #expect(cursors.values.allSatisfy { $0.value == 20 })
            await broker.close()
            #expect(try await setting.fleet.flotilla("plan").ended(0))
        }
    #endif
}
