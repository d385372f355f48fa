internal import FleetCore
public import Objectives

/// Reads objectives out of a file of OpenSLO v1, and says what of it a fleet file cannot express.
public struct OpenSLOReader: Sendable {
    public struct Result: Sendable {
        public var objectives: [Objective]
        /// Errors: the file cannot be read. Warnings: something of it has no counterpart.
        public var problems: [Problem]
    }

    public init() {}

    public func read(path: String) -> Result {
        do {
            return read(bytes: try FileBytes.read(path: path, limit: FleetFileReader.sizeLimit), path: path)
        } catch {
            let start = SourceLocation(file: path, line: 1, column: 1)
            return Result(
                objectives: [], problems: [Problem(at: start, error.message, remedy: "name another file")])
        }
    }

    /// Reads a text as if the file at `path` held it.
    public func read(text: String, path: String) -> Result { read(bytes: Array(text.utf8), path: path) }

    private func read(bytes: [UInt8], path: String) -> Result {
        let (whole, faults) = TextScreening.screen(bytes, file: path)
        guard faults.isEmpty else { return Result(objectives: [], problems: faults) }
        let log = ProblemLog(source: whole)
        var objectives: [Objective] = []
        for document in Self.documents(whole.bytes) {
            let source = SourceLines(file: path, bytes: document)
            let values = ValueReader(source: source, log: log, environment: [:])
            guard let root = YAMLComposer.compose(source, log: log) else { continue }
            let read = OpenSLOKeys(values: values).read(root)
            objectives += read.filter { new in
                let isNew = !objectives.contains { $0.name == new.name }
                if !isNew {
                    log.warning(at: root.mark, "there are two objectives \"\(new.name)\"; the second is left out")
                }
                return isNew
            }
        }
        return Result(objectives: log.hasErrors ? [] : objectives, problems: log.sorted())
    }

    /// The documents of a file, each with empty lines before it, so that its lines have the numbers that they have there.
    private static func documents(_ bytes: [UInt8]) -> [[UInt8]] {
        var documents: [[UInt8]] = []
        var current: [UInt8] = []
        var blank: [UInt8] = []
        var hasText = false
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.starts(with: Array("---".utf8)) {
                if hasText { documents.append(current) }
                current = blank
                hasText = false
            } else {
                current += line
                hasText =
                    hasText || line.contains { $0 > 0x20 && $0 != UInt8(ascii: "#") } && line.first != UInt8(ascii: "#")
            }
            current.append(UInt8(ascii: "\n"))
            blank.append(UInt8(ascii: "\n"))
        }
        if hasText || documents.isEmpty { documents.append(current) }
        return documents
    }
}
