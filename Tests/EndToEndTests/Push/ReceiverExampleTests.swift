import FleetCore
import Foundation
import GRDB
import HTTPReceiver
import Testing

/// The receiver of docs/push.md, as it stands there.
@Suite(.serialized, .lanes) struct ReceiverExampleTests {
    private static func example() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        let page = try String(contentsOf: root.appendingPathComponent("docs/push.md"), encoding: .utf8)
        let start = try #require(page.range(of: "```python\n"))
        let end = try #require(page.range(of: "```\n", range: start.upperBound..<page.endIndex))
        return String(page[start.upperBound..<end.lowerBound])
    }

    /// A port that was free just now.
    private static func freePort() async throws -> Int {
        let receiver = try await HTTPReceiver()
        try await receiver.stop()
        return receiver.port
    }

    @Test func whatIsSentTwiceHasOneEffect() async throws {
        let port = try await Self.freePort()
        let setting = try await PushFleet(port: port)
        try setting.fleet.write(try Self.example(), to: "receiver.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "receiver.py", String(port)]
        process.currentDirectoryURL = URL(fileURLWithPath: setting.fleet.path)
        process.environment = ProcessInfo.processInfo.environment.merging(["PUSH_SECRET": PushFleet.secret]) { $1 }
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        defer { process.terminate() }
        // Some of what was delivered when the process died is sent again.
        for round in 0..<4 {
            try await setting.publish(PushFleet.rows(round * 3..<round * 3 + 3, keys: 4))
            try await setting.fleet.crash(at: .pushed, pass: 4, ["run"])
        }
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
        let store = try setting.fleet.store("receiver.db")
        for key in 0..<4 {
            let effects = try await store.texts("SELECT data FROM effects WHERE key = 'k\(key)' ORDER BY rowid")
            #expect(effects == HTTPReceiver.bodies(0..<12))
        }
        #expect(try await store.integer("SELECT count(*) FROM inbox") == 48)
    }

    @Test func aWrongSignatureIsRefused() async throws {
        let port = try await Self.freePort()
        let setting = try await PushFleet(port: port)
        try setting.fleet.write(try Self.example(), to: "receiver.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "receiver.py", String(port)]
        process.currentDirectoryURL = URL(fileURLWithPath: setting.fleet.path)
        process.environment = ProcessInfo.processInfo.environment.merging(["PUSH_SECRET": "whsec_b3RoZXI="]) { $1 }
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        defer { process.terminate() }
        try await setting.publish(PushFleet.rows(0..<1, keys: 2))
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(3), "\(run.said)")
        #expect(try await setting.parked().allSatisfy { $0.contains("answered 401") })
    }
}
