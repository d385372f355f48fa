import FleetFile
import Testing

/// `monitoring`: as whom servers of stores are asked how they are.
@Suite struct MonitoringKeyTests {
    private static let services = "services: {a: {store: 'postgres://h/a'}}"

    private func fleet(_ value: String, services: String = services, _ environment: [String: String] = [:])
        -> FleetFileResult
    {
        read(
            "fleet: f\nmonitoring: \(value)\n\(services)", environment: environment,
            storeSchemes: ["sqlite", "postgres"])
    }

    @Test func aRoleAloneAndARoleWithItsPassword() {
        let short = fleet("flotilla_monitor")
        #expect(short.problems.isEmpty, "\(short.problems)")
        #expect(short.definition?.monitoring == MonitoringDefinition(role: "flotilla_monitor"))
        let long = fleet("{role: watcher_2, password: \"${WORD}\"}", ["WORD": "hunter2"])
        #expect(long.problems.isEmpty, "\(long.problems)")
        #expect(long.definition?.monitoring == MonitoringDefinition(role: "watcher_2", password: "hunter2"))
        #expect(long.definition?.monitoring?.description == "watcher_2")
    }

    @Test func withoutItNobodyElseLooks() {
        #expect(read("fleet: f\nservices: {a: {store: sqlite:a.db}}").definition?.monitoring == nil)
    }

    @Test(arguments: [
        ("pg_monitor", "is a name of the server's own", 13), ("public", "is a name of the server's own", 13),
        ("'a b'", "is no name for a role", 13), ("9a", "is no name for a role", 13), ("[]", "must be", 13),
        ("{}", "\"monitoring\" has no \"role\"", 13), ("{role: m, pasword: x}", "did you mean \"password\"?", 23),
        ("{role: m, password: \"${WORD}\"}", "has a control character", 33),
    ]) func whatIsWrongIsTold(value: String, part: String, column: Int) throws {
        let result = fleet(value, ["WORD": "s3cret\n"])
        #expect(result.definition == nil)
        let problem = try #require(result.problems.first { $0.description.contains(part) }, "\(result.problems)")
        #expect(problem.location.line == 2)
        #expect(problem.location.column == column, "\(problem)")
        #expect(!"\(result.problems)".contains("s3cret"))
    }

    @Test func whatIsOnlyUnwiseIsAWarning() {
        let plain = fleet("{role: m, password: hunter2}")
        #expect(plain.definition?.monitoring?.password == "hunter2")
        #expect(plain.problems.map(\.severity) == [.warning] && !"\(plain.problems)".contains("hunter2"))
        let files = fleet("m", services: "services: {a: {store: sqlite:a.db}}")
        #expect(files.problems.map(\.severity) == [.warning] && files.definition != nil, "\(files.problems)")
    }
}
