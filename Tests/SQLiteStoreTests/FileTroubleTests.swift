import FleetCore
import Foundation
import SQLiteConnection
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct FileTroubleTests {
    /// A store in a file of its own, with a thousand rows in it, closed again.
    private func makeFile(in directory: TemporaryDirectory) async throws -> String {
        let path = directory.file("orders.db")
        try SQLiteConnection(path: path, mode: .create).close()
        let store = try SQLiteStore(path: path)
        try await store.write { transaction in
            try transaction.script("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
            let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
            for id in 0..<1_000 { try insert.run([.integer(Int64(id)), .text(String(repeating: "x", count: 200))]) }
        }
        await store.close()
        return path
    }

    @Test func aMissingFileIsMissingAndIsNotMade() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("orders.db")
        let error = try await checkThrows(.missing) { try SQLiteStore(path: path) }
        #expect(error.message.contains(path) && error.remedy != nil)
        let rebuild = SQLiteRebuild(
            ViewNeeds(
                subscription: SubscriptionName(
                    service: ServiceName(unchecked: "orders"), view: ViewName(unchecked: "totals")), schema: ""),
            path: path, name: "orders.db")
        try await checkThrows(.missing) { try await rebuild.begin() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        try await checkThrows(.missing) { try SQLiteStore(path: directory.file("no/such/directory.db")) }
        let setup = SQLiteSetup(path: directory.file("no/such/directory.db"), name: "orders.db")
        let needs = StoreNeeds(outbox: nil, views: [])
        let unmade = try await checkThrows(.unavailable) { try await setup.apply(needs) }
        #expect(unmade.message.contains("no/such/directory.db"))
    }

    @Test func aDirectoryIsNoFile() async throws {
        let directory = try TemporaryDirectory()
        let error = try await checkThrows(.unavailable, .corrupt) { try SQLiteStore(path: directory.path) }
        #expect(error.message.contains(directory.path))
    }

    @Test(arguments: [
        "This is a text, and no database, and long enough to be looked at.", "SQLite format 3\0 but no more",
    ])
    func aForeignFileIsTold(content: String) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("orders.db")
        let bytes = Data(String(repeating: content, count: 100).utf8)
        try bytes.write(to: URL(fileURLWithPath: path))
        let error = try await checkThrows(.corrupt) { try SQLiteStore(path: path) }
        #expect(error.message.contains(path) && error.remedy != nil)
        let needs = StoreNeeds(outbox: nil, views: [])
        let setup = SQLiteSetup(path: path, name: "orders.db")
        try await checkThrows(.corrupt) { try await setup.plan(needs) }
        try await checkThrows(.corrupt) { try await setup.apply(needs) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    @Test func damagedPagesAreToldAndTrapNothing() async throws {
        for seed in 0..<12 {
            let directory = try TemporaryDirectory()
            let path = try await makeFile(in: directory)
            var random = RandomSource(for: "damaged pages, round \(seed)")
            var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
            let begin = Int.random(in: seed < 2 ? 0...99 : 4_096...bytes.count - 8_192, using: &random)
            for index in begin..<begin + 8_000 { bytes[index] = .random(in: 0...255, using: &random) }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                let store = try SQLiteStore(path: path)
                let count = try await store.read { transaction in
                    var count = 0
                    try transaction.prepare("SELECT id, name FROM items").forEachRow([]) { _ in count += 1 }
                    return count
                }
                try await store.write { _ = try $0.run("UPDATE items SET name = 'y'") }
                await store.close()
                #expect(count <= 1_000_000)
            } catch let error as FleetError {
                #expect([.corrupt, .statement].contains(error.code), "\(error.code): \(error)")
                #expect(error.message.contains(path), "\(error)")
            }
        }
    }

    @Test func aTruncatedFileIsTold() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeFile(in: directory)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: 40_960)
        try handle.close()
        let error = try await checkThrows(.corrupt) {
            let store = try SQLiteStore(path: path)
            _ = try await store.read { try $0.rows("SELECT * FROM items") }
        }
        #expect(error.message.contains(path))
    }

    @Test func aReadOnlyFileIsReadAndNotWritten() async throws {
        let directory = try TemporaryDirectory()
        var disk: SmallDisk?
        var path = directory.file("copy.db")
        if geteuid() == 0 {
            guard let small = try SmallDisk(kibibytes: 4_096) else { return }
            disk = small
            path = small.file("copy.db")
        }
        let original = try await makeFile(in: directory)
        guard let python = Command("python3") else { return }
        let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = DELETE')"
        try python.succeed(["-c", script, original])
        try FileManager.default.copyItem(atPath: original, toPath: path)
        if let disk {
            try disk.makeReadOnly()
        } else {
            try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
        }
        let error = try await checkThrows(.readOnly) {
            let store = try SQLiteStore(path: path)
            let count = try await store.read { try $0.firstRow("SELECT count(*) FROM items")?[0].integer }
            #expect(count == 1_000)
            try await store.write { _ = try $0.run("DELETE FROM items") }
        }
        #expect(error.message.contains(path) && error.remedy != nil)
        withExtendedLifetime(disk) {}
    }

    @Test func aFileThatAnotherProcessHoldsIsBusyAndThenWorks() async throws {
        guard let python = Command("python3") else { return }
        let directory = try TemporaryDirectory()
        let path = try await makeFile(in: directory)
        let held = directory.file("held")
        let release = directory.file("release")
        let script = """
            import os, sqlite3, sys, time
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute('BEGIN IMMEDIATE')
            connection.execute("INSERT INTO items VALUES (5000, 'held')")
            open(sys.argv[2], 'w').close()
            end = time.monotonic() + 120
            while not os.path.exists(sys.argv[3]) and time.monotonic() < end:
                time.sleep(0.002)
            connection.execute('COMMIT')
            """
        async let holder: Void = onThread { try python.succeed(["-c", script, path, held, release]) }
        try await eventually("the lock is held") { FileManager.default.fileExists(atPath: held) }
        let store = try SQLiteStore(path: path)
        let start = ContinuousClock.now
        let error = try await checkThrows(.busy) { try await store.write { _ = try $0.run("DELETE FROM items") } }
        let waited = ContinuousClock.now - start
        #expect(error.isRetriable && error.message.contains(path))
        #expect(waited < .seconds(120))
        let count = try await store.read { try $0.firstRow("SELECT count(*) FROM items")?[0].integer }
        #expect(count == 1_000)
        #expect(FileManager.default.createFile(atPath: release, contents: nil))
        try await holder
        let deleted = try await store.write { try $0.run("DELETE FROM items") }
        #expect(deleted == 1_001)
        await store.close()
    }

    @Test func aFileThatIsRemovedOrReplacedWhileOpenIsMissing() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeFile(in: directory)
        let store = try SQLiteStore(path: path)
        try await store.write { _ = try $0.run("DELETE FROM items WHERE id = 1") }
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        let removed = try await checkThrows(.missing) { try await store.write { _ = try $0.run("DELETE FROM items") } }
        #expect(removed.message.contains(path) && removed.message.contains("removed"))
        try FileManager.default.copyItem(atPath: path + ".away", toPath: path)
        let replaced = try await checkThrows(.missing) { try await store.write { _ = try $0.run("DELETE FROM items") } }
        #expect(replaced.message.contains(path) && replaced.message.contains("replaced"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        let deleted = try await store.write { try $0.run("DELETE FROM items") }
        #expect(deleted == 999)
        await store.close()
    }

    @Test func aFullDiskIsToldAndLosesNothing() async throws {
        guard let disk = try SmallDisk(kibibytes: 1_024) else { return }
        let path = disk.file("orders.db")
        try SQLiteConnection(path: path, mode: .create).close()
        let store = try SQLiteStore(path: path)
        try await store.write { try $0.script("CREATE TABLE items (id INTEGER PRIMARY KEY, content BLOB)") }
        let content = SQLValue.bytes([UInt8](repeating: 7, count: 20_000))
        let ballast = disk.file("ballast")
        try Data(count: 300_000).write(to: URL(fileURLWithPath: ballast))
        var written: Int64 = 0
        let error = try await checkThrows(.full) {
            while written < 1_000 {
                let id = written
                try await store.write { transaction in
                    for row in id * 2..<id * 2 + 2 {
                        try transaction.run("INSERT INTO items VALUES ($1, $2)", [.integer(row), content])
                    }
                }
                written += 1
            }
        }
        #expect(error.isRetriable && error.message.contains(path))
        #expect(written > 2)
        let count = try await store.read { try $0.firstRow("SELECT count(*) FROM items")?[0].integer }
        #expect(count == written * 2)
        try FileManager.default.removeItem(atPath: ballast)
        try await store.write { _ = try $0.run("DELETE FROM items WHERE id > 0") }
        try await store.write { _ = try $0.run("INSERT INTO items VALUES (5000, $1)", [content]) }
        let left = try await store.read { try $0.rows("SELECT id FROM items ORDER BY id").map { $0[0] } }
        #expect(left == [0, 5_000])
        await store.close()
    }

    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread { continuation.resume(with: Result { try body() }) }.start()
        }
    }
}
