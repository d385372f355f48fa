import FleetCore

/// Waits until a condition holds, looking again and again. Time in which the tests' process stands still counts little.
/// - Parameter what: what is waited for, and if you like what is there instead: it is asked for at the end.
/// - Throws: ``CheckFailure`` when it does not hold by the deadline, or what `condition` throws.
public func eventually(
    deadline: Duration = .seconds(180), _ what: @autoclosure () throws -> String, file: String = #fileID,
    line: Int = #line,
    _ condition: () async throws -> Bool
) async throws {
    var time = WaitingTime(deadline)
    while !(try await condition()) {
        guard !time.isOver() else {
            throw CheckFailure("after \(deadline) there was still not: \(try what())", file: file, line: line)
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
