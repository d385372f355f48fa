import Foundation
import GRDB
import TestKit
import Testing

/// `flotilla events`: what a stream holds, told while the fleet runs or not.
@Suite(.serialized, .lanes) struct EventsCommandTests {
    static let yaml = """
        fleet: f
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Sold]
          mute:
            store: sqlite:mute.db
        """

    private func applied(_ yaml: String = yaml) async throws -> FleetDirectory {
        let fleet = try FleetDirectory(yaml)
        let apply = try await fleet.flotilla("apply")
        #expect(apply.ended(0), "\(apply.said)")
        return fleet
    }

    /// Publishes numbered events and carries them.
    private func carry(_ numbers: ClosedRange<Int>, _ fleet: FleetDirectory) async throws {
        let shop = try fleet.store("shop.db")
        try await shop.write { database in
            for number in numbers {
                try OutboxRow(key: "K\(number)", type: "Sold", payload: "{\"n\": \(number)}").insert(database)
            }
        }
        let run = try await fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
    }

    @Test func recordsAreToldAsTheyAreOnTheWire() async throws {
        let fleet = try await applied()
        let shop = try fleet.store("shop.db")
        let id = "01984f2c-0000-7000-8000-000000000001"
        try await shop.write { database in
            try database.execute(
                sql: """
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, time, traceparent, headers)
                    VALUES (?, 'sales order', 'K "1"', 'Sold', x'00FF', '2026-02-28T12:34:56.789Z', 'trace',
                        '{"tenant": "Grüße\\n"}')
                    """, arguments: [id])
        }
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        let cloudEvents = try await fleet.flotilla("events", "shop")
        #expect(cloudEvents.ended(0), "\(cloudEvents.said)")
        let record = try #require(try WireRecord.all(in: cloudEvents.output).first)
        #expect(record.position == 1)
        #expect(record.topic == "f.shop.sales order")
        #expect(record.objection?.contains("its topic has other characters") == true)
        #expect(record.key == "K \"1\"")
        #expect(
            record.headers == [
                .init(name: "ce_specversion", value: "1.0"), .init(name: "ce_id", value: id),
                .init(name: "ce_source", value: "/f/shop"), .init(name: "ce_type", value: "Sold"),
                .init(name: "ce_subject", value: "K \"1\""), .init(name: "ce_time", value: "2026-02-28T12:34:56.789Z"),
                .init(name: "ce_partitionkey", value: "K \"1\""), .init(name: "ce_traceparent", value: "trace"),
                .init(name: "content-type", value: "application/json"), .init(name: "tenant", value: "Grüße\n"),
            ])
        #expect(record.value == "AP8=")
        #expect(record.encoding == "base64")
        let debezium = try await fleet.flotilla("events", "--format", "debezium", "shop")
        #expect(try WireRecord.all(in: debezium.output).first?.headers == [.init(name: "id", value: id)])
    }

    @Test func aPartIsTold() async throws {
        let fleet = try await applied()
        let empty = try await fleet.flotilla("events", "shop")
        #expect(empty.ended(0) && empty.output.isEmpty, "\(empty.said)")
        // More than one batch.
        try await carry(1...700, fleet)
        func positions(_ arguments: String...) async throws -> [Int64] {
            let program = try fleet.start(["events", "shop"] + arguments)
            #expect(try await program.end() == .code(0), "\(arguments): \(program.errors)")
            return try WireRecord.all(in: program.output).map(\.position)
        }
        #expect(try await positions() == Array(1...700))
        #expect(try await positions("--from", "699") == [699, 700])
        #expect(try await positions("--from", "300", "--limit", "300") == Array(300...599))
        #expect(try await positions("--limit", "1") == [1])
        #expect(try await positions("--limit", "0") == [])
        #expect(try await positions("--from", "701") == [])
        #expect(try await positions("--follow", "--limit", "3", "--from", "5") == [5, 6, 7])
    }

    @Test func whoFollowsSeesWhatComesWhileTheFleetRuns() async throws {
        let fleet = try await applied()
        let run = try await fleet.startRun()
        let follower = try fleet.start("events", "shop", "--follow")
        let shop = try fleet.store("shop.db")
        for number in 1...3 {
            try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"n\": \(number)}"))
            try await eventually("record \(number) is told") {
                try WireRecord.all(in: follower.output).count == number
            }
        }
        #expect(follower.ended == nil, "\(follower.errors)")
        follower.send(SIGINT)
        _ = try await follower.end()
        #expect(run.ended == nil)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    /// `flotilla events shop --follow | head -1` ends as soon as `head` has.
    @Test func aReaderThatGoesAwayEndsIt() async throws {
        let fleet = try await applied()
        try await carry(1...2, fleet)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.currentDirectoryURL = URL(fileURLWithPath: fleet.path)
        // The second record comes when nobody reads any more.
        shell.arguments = [
            "-c", "\"$1\" events shop --from 1 --follow | head -1 > first; echo done > ended", "sh", Program.path,
        ]
        try shell.start()
        try await eventually("head has its line") { FileManager.default.fileExists(atPath: fleet.file("first")) }
        try await carry(3...4, fleet)
        try await eventually("the pipe has ended") { FileManager.default.fileExists(atPath: fleet.file("ended")) }
        #expect(try String(contentsOfFile: fleet.file("first"), encoding: .utf8).contains("\"position\": 1"))
    }

    @Test func aGapIsTold() async throws {
        let fleet = try await applied(
            Self.yaml.replacing("fleet: f", with: "fleet: f\nbroker: {retain: {age: 1ms}}"))
        try await carry(1...20, fleet)
        // Trimming comes once a minute, and at the start of a run.
        try await eventually("retention has dropped them") {
            _ = try await fleet.flotilla("run", "--until-idle")
            return try await fleet.flotilla("events", "shop").output.isEmpty
        }
        let gap = try await fleet.flotilla("events", "shop", "--from", "3")
        #expect(gap.ended(69), "\(gap.said)")
        #expect(gap.errors.contains("records 3 to 20 of stream f-shop are gone: retention dropped them"), "\(gap.said)")
        #expect(gap.errors.contains("--from 21"))
        let next = try await fleet.flotilla("events", "shop", "--from", "21")
        #expect(next.ended(0), "\(next.said)")
    }

    @Test(arguments: [
        (["shp"], "has no service shp; did you mean shop?"), (["mute"], "mute publishes nothing"),
        (["shop", "--limit", "-1"], "--limit -1: write a number of records"),
        (["shop", "--from", "0"], "positions begin at 1"), (["shop", "--from", "-5"], "positions begin at 1"),
        (["shop", "--from", "9223372036854775807"], "ends at position 0"),
        (["shop", "--from", "3"], "ends at position 0, before 3"), (["shop", "--from", "many"], "many"),
        (["shop", "--format", "avro"], "avro"), ([], "flotilla events"), (["shop", "mute"], "flotilla events SERVICE"),
    ])
    func whatIsWrongIsTold(_ arguments: [String], _ part: String) async throws {
        let fleet = try await applied()
        let program = try fleet.start(["events"] + arguments)
        #expect(try await program.end() == .code(1), "\(program.output)\(program.errors)")
        #expect(program.errors.contains(part), "\(program.errors)")
        #expect(program.output.isEmpty)
    }

    @Test func aStreamThatIsNotThereIsTold() async throws {
        let fleet = try FleetDirectory(Self.yaml)
        let result = try await fleet.flotilla("events", "shop")
        #expect(result.ended(69), "\(result.said)")
        #expect(result.errors.contains("flotilla apply"), "\(result.said)")
        // Nothing was made by looking.
        #expect(!FileManager.default.fileExists(atPath: fleet.file(".flotilla")))
    }
}
