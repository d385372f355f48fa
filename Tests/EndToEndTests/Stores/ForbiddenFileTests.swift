import Foundation
import TestKit
import Testing

/// A state directory that one may not enter is not a missing one: what to do about that would destroy it.
@Suite(.lanes) struct ForbiddenFileTests {
    private func run(_ words: [String], in fleet: FleetDirectory) throws -> String? {
        let environment = Command("env")
        // Root may enter everything.
        let account = geteuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
        guard let (_, output) = try environment?.run(["-C", fleet.path] + account + [Program.path] + words) else {
            return nil
        }
        if output.contains("setpriv: failed") {
            skipLoudly("no program is run as another user: \(output)")
            return nil
        }
        return output
    }

    @Test func aDirectoryThatMayNotBeEnteredIsToldAsThat() async throws {
        let fleet = try FleetDirectory()
        for command in ["init", "apply"] { #expect(try await fleet.flotilla(command).ended(0)) }
        func allow(_ mode: Int, _ name: String) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: fleet.file(name))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fleet.path)
        // Stores may be used by everybody: it is about the state alone.
        for name in ["orders.db", "customers.db"] { try allow(0o666, name) }
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: fleet.path)
        try allow(geteuid() == 0 ? 0o700 : 0, ".flotilla")
        for words in [["status"], ["plan"], ["apply"], ["run", "--until-idle"], ["top", "--once"]] {
            guard let said = try run(words, in: fleet) else { break }
            #expect(said.contains(words[0] == "top" ? "cannot be read" : "may not enter"), "\(words): \(said)")
            for wrong in ["is missing", "create stream", "begin an empty stream", "flotilla apply"] {
                #expect(!said.contains(wrong), "\(words): \(said)")
            }
        }
        try allow(0o755, ".flotilla")
        #expect(try await fleet.flotilla("plan").ended(0))
    }

    @Test func aStoreThatMayNotBeReadIsToldAsThat() async throws {
        let fleet = try FleetDirectory()
        for command in ["init", "apply"] { #expect(try await fleet.flotilla(command).ended(0)) }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fleet.path)
        try FileManager.default.setAttributes(
            [.posixPermissions: geteuid() == 0 ? 0o600 : 0], ofItemAtPath: fleet.file("orders.db"))
        guard let said = try run(["plan"], in: fleet) else { return }
        #expect(
            said.contains("orders.db cannot be read: ") && said.contains("may not read it; run flotilla as"), "\(said)")
        #expect(!said.contains("create the database file"), "\(said)")
    }
}
