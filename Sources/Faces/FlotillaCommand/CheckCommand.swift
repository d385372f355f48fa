import ArgumentParser
import FleetFile

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
        Console.line(
            "\(fleet.file) is right: \(counted(definition.services.count, "service")), \(counted(views, "view"))")
    }
}

/// `1 view`, `2 views`.
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
