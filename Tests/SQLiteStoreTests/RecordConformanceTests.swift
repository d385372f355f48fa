import RecordConformance
import Testing

@Suite struct RecordConformanceTests {
    @Test(arguments: RecordConformance.checks)
    func conforms(check: RecordConformance.Check) async throws {
        let file = try await OutboxFile()
        try await check.run(RecordConformance(file.store))
    }
}
