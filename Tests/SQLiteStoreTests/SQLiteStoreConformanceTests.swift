import SQLiteConnection
import SQLiteStore
import StoreConformance
import TestKit
import Testing

@Suite struct SQLiteStoreConformanceTests {
    @Test(arguments: StoreConformance.checks)
    func conforms(check: StoreConformance.Check) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("store.db")
        try SQLiteConnection(path: path, mode: .create).close()
        try await check.run(StoreConformance { try SQLiteStore(path: path) })
    }
}
