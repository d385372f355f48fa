public import FleetCore

/// What a check found wrong, and where.
public struct CheckFailure: Error, CustomStringConvertible {
    /// What was found, and what was expected.
    public let message: String
    /// The source file of the check.
    public let file: String
    /// The line in ``file``.
    public let line: Int

    public init(_ message: String, file: String = #fileID, line: Int = #line) {
        self.message = message
        self.file = file
        self.line = line
    }

    public var description: String { "\(file):\(line): \(message)" }
}

/// Holds that a condition is true.
public func check(
    _ condition: Bool, _ message: @autoclosure () -> String, file: String = #fileID, line: Int = #line
) throws {
    if !condition { throw CheckFailure(message(), file: file, line: line) }
}

/// Holds that a value is what it should be.
public func checkEqual<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: @autoclosure () -> String = "", file: String = #fileID, line: Int = #line
) throws {
    if found != expected {
        let note = what().isEmpty ? "" : "\(what()): "
        throw CheckFailure(
            "\(note)expected \(shortened(expected)), found \(shortened(found))", file: file, line: line)
    }
}

/// Holds that a call throws a ``FleetError`` of one of some codes, and returns it.
@discardableResult
public func checkThrows<Result>(
    _ codes: FleetError.Code..., file: String = #fileID, line: Int = #line, _ body: () async throws -> Result
) async throws -> FleetError {
    do {
        _ = try await body()
    } catch {
        return try checked(error, codes, file: file, line: line)
    }
    throw nothingThrown(codes, file: file, line: line)
}

/// The same, where nothing may be waited for.
@discardableResult
public func checkThrowsNow<Result>(
    _ codes: FleetError.Code..., file: String = #fileID, line: Int = #line, _ body: () throws -> Result
) throws -> FleetError {
    do {
        _ = try body()
    } catch {
        return try checked(error, codes, file: file, line: line)
    }
    throw nothingThrown(codes, file: file, line: line)
}

private func checked(
    _ error: any Error, _ codes: [FleetError.Code], file: String, line: Int
) throws(CheckFailure) -> FleetError {
    guard let found = error as? FleetError else {
        throw CheckFailure(
            "expected \(listed(codes)), thrown was no FleetError: \(error)", file: file, line: line)
    }
    if codes.contains(found.code) { return found }
    throw CheckFailure("expected \(listed(codes)), thrown was \(found.code): \(found)", file: file, line: line)
}

private func nothingThrown(_ codes: [FleetError.Code], file: String, line: Int) -> CheckFailure {
    CheckFailure("expected \(listed(codes)), nothing was thrown", file: file, line: line)
}

private func listed(_ codes: [FleetError.Code]) -> String { codes.map(\.description).joined(separator: " or ") }

private func shortened(_ value: some Any) -> String {
    let text = "\(value)"
    return text.count > 300 ? "\(text.prefix(300))… (\(text.count) characters)" : text
}
