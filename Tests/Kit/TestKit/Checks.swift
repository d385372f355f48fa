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
    let expected = codes.map(\.description).joined(separator: " or ")
    do {
        _ = try await body()
    } catch let error as FleetError {
        if codes.contains(error.code) { return error }
        throw CheckFailure("expected \(expected), thrown was \(error.code): \(error)", file: file, line: line)
    } catch {
        throw CheckFailure("expected \(expected), thrown was no FleetError: \(error)", file: file, line: line)
    }
    throw CheckFailure("expected \(expected), nothing was thrown", file: file, line: line)
}

private func shortened(_ value: some Any) -> String {
    let text = "\(value)"
    return text.count > 300 ? "\(text.prefix(300))… (\(text.count) characters)" : text
}
