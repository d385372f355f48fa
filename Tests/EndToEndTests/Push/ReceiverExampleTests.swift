import FleetCore
import Foundation
import HTTPReceiver
import TestKit
import Testing

/// The receivers of docs/push.md, as they stand there.
@Suite(.serialized, .lanes) struct ReceiverExampleTests {
    enum Language: String, CaseIterable, Sendable {
        case python, swift

        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../..")

        /// The first piece of code of the page in this language.
        func example() throws -> String {
            let page = try String(contentsOf: Self.root.appendingPathComponent("docs/push.md"), encoding: .utf8)
            let start = try #require(page.range(of: "```\(rawValue)\n"))
            let end = try #require(page.range(of: "```\n", range: start.upperBound..<page.endIndex))
            return String(page[start.upperBound..<end.lowerBound])
        }

        static func swiftSource() throws -> String {
            let file = root.appendingPathComponent("Examples/receiver/Sources/main.swift")
            return try String(contentsOf: file, encoding: .utf8)
        }

        /// Those that this machine can run. The one in Swift is a package of its own, which takes minutes to build.
        static var there: [Language] {
            if builtReceiver != nil { return allCases }
            skipLoudly("FLOTILLA_RECEIVER names no built Examples/receiver: `make receiver-check` does")
            return [.python]
        }

        private static var builtReceiver: String? { ProcessInfo.processInfo.environment["FLOTILLA_RECEIVER"] }

        /// Starts it in the directory of a fleet. Whoever asked for it ends it.
        func start(in fleet: FleetDirectory, port: Int, secret: String) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            switch self {
            case .python:
                try fleet.write(try example(), to: "receiver.py")
                process.arguments = ["python3", "receiver.py", String(port)]
            case .swift:
                process.arguments = [Self.builtReceiver ?? "", String(port)]
            }
            process.currentDirectoryURL = URL(fileURLWithPath: fleet.path)
            process.environment = ProcessInfo.processInfo.environment.merging(["PUSH_SECRET": secret]) { $1 }
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            try process.start()
            return process
        }
    }

    /// A port that was free just now.
    private static func freePort() async throws -> Int {
        let receiver = try await HTTPReceiver()
        try await receiver.stop()
        return receiver.port
    }

    @Test func thePageShowsTheProgramThatIsCompiled() throws {
        let (shown, compiled) = (try Language.swift.example(), try Language.swiftSource())
        #expect(shown == compiled)
    }

    @Test(arguments: Language.there) func whatIsSentTwiceHasOneEffect(_ language: Language) async throws {
        let port = try await Self.freePort()
        let setting = try await PushFleet(port: port)
        let receiver = try language.start(in: setting.fleet, port: port, secret: PushFleet.secret)
        // Not by SIGTERM: a child of a thread that blocks it has it blocked, too.
        defer { kill(receiver.processIdentifier, SIGKILL) }
        // Some of what was delivered when the process died is sent again.
        for round in 0..<4 {
            try await setting.publish(PushFleet.rows(round * 3..<round * 3 + 3, keys: 4))
            try await setting.fleet.crash(at: .pushed, pass: 4, ["run"])
        }
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)")
        // All is sent a second time.
        let replay = try await setting.fleet.flotilla("replay", "billing.push", "--position", "1")
        #expect(replay.ended(0) && replay.output.contains("records again"), "\(replay.said)")
        let again = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(again.ended(0), "\(again.said)")
        let store = try setting.fleet.store("receiver.db")
        for key in 0..<4 {
            let effects = try await store.texts("SELECT data FROM effects WHERE key = 'k\(key)' ORDER BY rowid")
            #expect(effects == HTTPReceiver.bodies(0..<12))
        }
        #expect(try await store.integer("SELECT count(*) FROM inbox") == 48)
    }

    @Test(arguments: Language.there) func aWrongSignatureIsRefused(_ language: Language) async throws {
        let port = try await Self.freePort()
        let setting = try await PushFleet(port: port)
        let receiver = try language.start(in: setting.fleet, port: port, secret: "whsec_b3RoZXI=")
        defer { kill(receiver.processIdentifier, SIGKILL) }
        try await setting.publish(PushFleet.rows(0..<1, keys: 2))
        let run = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(run.ended(3), "\(run.said)")
        #expect(try await setting.parked().allSatisfy { $0.contains("answered 401") })
    }
}
