import ArgumentParser
import Control
import FleetCore
import Foundation

struct ViewsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "views",
        abstract: "Rebuild a view from the log, beside the old one, and swap the two.",
        usage: "flotilla views [<fleet.yaml>] rebuild <name>",
        discussion: """
            Readers see the old view until the new one is complete. The fleet may run meanwhile.

            EXAMPLES
              flotilla views rebuild order_lines
              flotilla views rebuild orders.order_lines
            """)

    @Argument(help: "The fleet file (or nothing), then rebuild, then the view's name.")
    var words: [String]

    func run() async throws {
        var words = words
        let file = FleetArgument.take(from: &words)
        guard words.count == 2, words[0] == "rebuild" else {
            throw ValidationError("say which view: flotilla views rebuild NAME")
        }
        let fleet = try await FleetArgument.load(file)
        let shows = Console.shared.isTerminal
        let outcome = try await ViewAdministration.rebuild(words[1], in: fleet) { done, total in
            if shows { Console.shared.show(["rebuilding: \(done) of \(total) records"]) }
        }
        if shows { Console.shared.show([]) }
        Console.line("rebuilt \(outcome.view) from \(counted(outcome.records, "record"))")
        for cut in outcome.incomplete {
            let since = cut.since.map { " \($0)" } ?? " its next record"
            Console.line("stream \(cut.stream) has records only since\(since): what was before is not in the view")
        }
    }
}
