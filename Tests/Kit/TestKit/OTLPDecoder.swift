import Foundation

/// OpenTelemetry's own Python package, which decodes what is exported. `scripts/setup otlp` installs it.
public struct OTLPDecoder: Sendable {
    private let python: String
    private let script: String

    /// - Returns: `nil` where the package is not installed, which it says on standard error.
    public init?() {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let own = root.appendingPathComponent(".build/otlp/bin/python3").path
        python = ProcessInfo.processInfo.environment["FLOTILLA_OTLP_PYTHON"] ?? own
        script = root.appendingPathComponent("Tests/Fixtures/otlp/decode.py").path
        guard FileManager.default.isExecutableFile(atPath: python) else {
            skipLoudly("OTLP is not decoded with OpenTelemetry's package: run scripts/setup otlp")
            return nil
        }
    }

    /// What requests say, one line each of JSON.
    /// - Parameter requests: their paths (`/v1/traces`), content types and bodies.
    public func decode(
        _ requests: [(path: String, contentType: String, body: [UInt8])]
    ) throws -> [[String: Any]] {
        let directory = try TemporaryDirectory()
        var files: [String] = []
        for (number, request) in requests.enumerated() {
            let encoding = request.contentType.contains("json") ? "json" : "protobuf"
            let signal = request.path.split(separator: "/").last.map(String.init) ?? "traces"
            let file = directory.file("\(number).\(signal).\(encoding)")
            try Data(request.body).write(to: URL(fileURLWithPath: file))
            files.append(file)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [script] + files
        let errors = directory.file("errors")
        try Data().write(to: URL(fileURLWithPath: errors))
        process.standardInput = FileHandle.nullDevice
        let (status, said) = try process.runToEnd(errors: FileHandle(forWritingAtPath: errors))
        let trouble = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
        try check(status == 0, "decode.py: \(trouble.suffix(2000))")
        return try String(decoding: said, as: UTF8.self).split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        }
    }
}
