import ArgumentParser
import Control
import FleetCore
import FleetFile
import Foundation

/// The fleet file: `./fleet.yaml` where none is given.
struct FleetArgument: ParsableArguments {
    @Argument(help: "The fleet file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String = FleetArgument.standard

    static let standard = "fleet.yaml"

    /// Reads and checks the file.
    func load() async throws -> FleetDefinition {
        try await Self.load(file)
    }

    /// Reads and checks a file, and tells its problems on standard error.
    /// - Throws: ``FleetFileProblems`` where there are errors.
    static func load(_ file: String, tellsWarnings: Bool = false) async throws -> FleetDefinition {
        try await read(file, tellsWarnings: tellsWarnings, isToRun: false).definition
    }

    /// Reads and checks the file of a fleet that is to be carried.
    /// - Returns: also what is left out of it, which is to be told.
    func loadToRun() async throws -> (definition: FleetDefinition, leftOut: [Problem]) {
        try await Self.read(file, tellsWarnings: false, isToRun: true)
    }

    private static func read(
        _ file: String, tellsWarnings: Bool, isToRun: Bool
    ) async throws -> (definition: FleetDefinition, leftOut: [Problem]) {
        let result = await check(file, isToRun: isToRun)
        let definition = try definition(of: result, tellsWarnings: tellsWarnings)
        return (definition, result.problems.filter(\.leavesOut))
    }

    /// Reads and checks the file, and tells nothing of it yet.
    func check() async -> FleetFileResult { await Self.check(file, isToRun: false) }

    private static func check(_ file: String, isToRun: Bool) async -> FleetFileResult {
        await FleetCheck.check(path: file, environment: ProcessInfo.processInfo.environment, isToRun: isToRun)
    }

    /// Tells on standard error what was found in a file.
    /// - Throws: ``FleetFileProblems`` where there are errors.
    static func definition(of result: FleetFileResult, tellsWarnings: Bool = false) throws -> FleetDefinition {
        let style = Style(descriptor: STDERR_FILENO)
        for problem in result.problems where tellsWarnings || problem.severity == .error {
            let text = problem.description
            Console.standardError(problem.severity == .error ? style.red(text) : style.yellow(text))
        }
        guard let definition = result.definition else { throw FleetFileProblems() }
        return definition
    }

    /// Takes the fleet file off words that begin with a verb: it is before the verb, or behind all that the verb takes. What the
    /// verb is about may well look like a file: a key, an id.
    /// - Parameter most: how many words stand behind the verb at most; `nil` where the first is no verb.
    static func take(from words: inout [String], most: ([String]) -> Int?) -> String {
        guard let first = words.first else { return standard }
        if let most = most(words) { return words.count > most + 1 ? words.removeLast() : standard }
        return isFile(first) ? words.removeFirst() : standard
    }

    static func isFile(_ word: String) -> Bool {
        word.hasSuffix(".yaml") || word.hasSuffix(".yml") || word.contains("/")
    }

    /// Takes the fleet file off a list of words, from its beginning or its end, where it is one.
    static func take(from words: inout [String], unless isWord: (String) -> Bool = { _ in false }) -> String {
        if let first = words.first, isFile(first), !isWord(first) { return words.removeFirst() }
        if let last = words.last, isFile(last), !isWord(last) { return words.removeLast() }
        return standard
    }
}

/// How logs are written.
struct LogOptions: ParsableArguments {
    @Option(help: "Log lines as text, or as one JSON object each.")
    var logFormat: LogFormat = .text

    func writer() -> LogWriter { LogWriter(format: logFormat) }
}
