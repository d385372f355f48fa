import ArgumentParser
import Control
import FleetCore

struct NoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note",
        abstract: "Put something on the page's time axis: a deployment, a change of a schema, a test of failures.",
        usage: "flotilla note [<fleet.yaml>] <text> ...",
        discussion: """
            What is slow since then can be seen beside it. Run it on the machine on which `flotilla run` serves the page.

            EXAMPLES
              flotilla note orders 1.4.2 is deployed
              flotilla note fleet.yaml "index on orders.customer"
            """)

    @Argument(help: "The fleet file (or nothing), then what happened.")
    var words: [String] = []

    func run() async throws {
        var words = words
        let file = words.first.map(FleetArgument.isFile) == true ? words.removeFirst() : FleetArgument.standard
        let text = words.joined(separator: " ").filter { !$0.isNewline }
        guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("say what happened") }
        try await FleetNote.add(text, to: try await FleetArgument.load(file))
    }
}
