import ArgumentParser
import Control
import FleetFile
import Foundation

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Is the file right? Tells line and column of each problem.",
        discussion: """
            Reads nothing but the file and the tables that stores have already; changes nothing.

            EXAMPLES
              flotilla check
              flotilla check production/fleet.yaml
            """)

    @OptionGroup var fleet: FleetArgument

    func run() async throws {
        let definition = try await FleetArgument.load(fleet.file, tellsWarnings: true)
        let views = definition.services.map(\.views.count).reduce(0, +)
        var counts = [counted(definition.services.count, "service"), counted(views, "view")]
        let pushes = definition.services.map(\.push.count).reduce(0, +)
        if pushes > 0 { counts.append("\(pushes) \(pushes == 1 ? "push" : "pushes")") }
        if !definition.sagas.isEmpty { counts.append(counted(definition.sagas.count, "saga")) }
        if !definition.flows.isEmpty { counts.append(counted(definition.flows.count, "flow")) }
        if !definition.objectives.isEmpty { counts.append(counted(definition.objectives.count, "objective")) }
        Console.line("\(fleet.file) is right: \(counts.joined(separator: ", "))")
        let style = Style(descriptor: STDERR_FILENO)
        for notice in await definition.undeclaredSagas().map(\.description) {
            Console.standardError(style.yellow("\(fleet.file): warning: \(notice)"))
        }
    }
}

/// `1 view`, `2 views`.
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
