public import FleetCore

/// What came of reading a fleet file.
public struct FleetFileResult: Sendable {
    /// The fleet; `nil` if there is any error.
    public var definition: FleetDefinition?
    /// What could be read in spite of errors, so that it can be checked further.
    public var draft: FleetDefinition?
    /// Everything that is wrong, in the order of the file: errors, and warnings that do not stop anything.
    public var problems: [Problem]

    public init(definition: FleetDefinition?, draft: FleetDefinition? = nil, problems: [Problem]) {
        self.definition = definition
        self.draft = draft ?? definition
        self.problems = problems
    }
}

/// Reads a fleet file (`fleet.yaml`, version 1), and reports everything that is wrong with it in one go.
public struct FleetFileReader: Sendable {
    /// The largest file that is read.
    public static let sizeLimit = ByteCount.mebibytes(1)

    private let environment: [String: String]
    private let storeSchemes: Set<String>
    private let brokerEngines: Set<String>
    private let isToRun: Bool

    /// - Parameters:
    ///   - environment: The variables that `${NAME}` stands for.
    ///   - storeSchemes: The schemes of the stores that this build has connectors for.
    ///   - brokerEngines: The brokers that this build has connectors for.
    ///   - isToRun: Whether the fleet is to be carried: then an objective on a thing that does not exist is left out, with a
    ///     warning (``Problem/leavesOut``), and stops nothing.
    public init(
        environment: [String: String], storeSchemes: Set<String>, brokerEngines: Set<String>, isToRun: Bool = false
    ) {
        self.isToRun = isToRun
        self.environment = environment
        self.storeSchemes = storeSchemes
        self.brokerEngines = brokerEngines
    }

    /// Reads a file. One that is missing or cannot be read is a problem at its first character.
    public func read(path: String) -> FleetFileResult {
        do {
            return read(bytes: try FileBytes.read(path: path, limit: Self.sizeLimit), path: path)
        } catch {
            let start = SourceLocation(file: path, line: 1, column: 1)
            let remedy = error.code == .missing ? "name another file, or \(ProblemLog.starter)" : "name another file"
            return FleetFileResult(definition: nil, problems: [Problem(at: start, error.message, remedy: remedy)])
        }
    }

    /// Reads a text as if the file at `path` held it.
    public func read(text: String, path: String) -> FleetFileResult {
        read(bytes: Array(text.utf8), path: path)
    }

    func read(bytes: [UInt8], path: String) -> FleetFileResult {
        guard bytes.count <= Self.sizeLimit.value else {
            let start = SourceLocation(file: path, line: 1, column: 1)
            let message = "the file is larger than \(Self.sizeLimit), the most that a fleet file may have"
            return FleetFileResult(definition: nil, problems: [Problem(at: start, message)])
        }
        let (source, faults) = TextScreening.screen(bytes, file: path)
        guard faults.isEmpty else { return FleetFileResult(definition: nil, problems: faults) }
        let log = ProblemLog(source: source)
        let values = ValueReader(source: source, log: log, environment: environment)
        let keys = FleetKeys(
            values: values, storeSchemes: storeSchemes, brokerEngines: brokerEngines,
            directory: FilePath.directory(ofFile: path), isToRun: isToRun)
        let definition = YAMLComposer.compose(source, log: log).flatMap { keys.read($0) }
        return FleetFileResult(
            definition: log.hasErrors ? nil : definition, draft: definition, problems: log.sorted())
    }
}
