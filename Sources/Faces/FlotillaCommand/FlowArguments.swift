import ArgumentParser
import FleetFile

/// The words of a command that is about one part of a fleet.
enum FlowArguments {
    /// - Parameter remedy: what is said where there is no such part, or more than one.
    static func load(_ words: [String], _ remedy: String) async throws -> (fleet: FleetDefinition, subject: String) {
        var words = words
        let file = FleetArgument.take(from: &words)
        guard words.count == 1 else { throw ValidationError(remedy) }
        return (try await FleetArgument.load(file), words[0])
    }
}
