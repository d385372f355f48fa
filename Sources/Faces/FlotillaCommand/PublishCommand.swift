import ArgumentParser
import Control
import FleetCore
import Foundation

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Write an outbox row, for trying things out.",
        usage: "flotilla publish [<fleet.yaml>] <service> <event> --key <key> --data <json>",
        discussion: """
            Prints the event's id. A service does the same with one INSERT in its own transaction. Where the fleet file has \
            `telemetry`, a trace begins with it.

            EXAMPLES
              flotilla publish customers CustomerRegistered --key C1 \\
                --data '{"customer_id": "C1", "name": "Ada"}'
              flotilla publish orders OrderPlaced --key O1 --data - < event.json
            """)

    @Argument(help: "The fleet file (or nothing), then the service, then the event's type.")
    var words: [String]

    @Option(help: "The aggregate's id: events of one key stay in order.")
    var key: String

    @Option(help: "The payload, as JSON; - reads it from standard input.")
    var data: String = "{}"

    func run() async throws {
        var words = words
        let file = words.count > 2 ? words.removeFirst() : FleetArgument.standard
        guard words.count == 2 else {
            throw ValidationError(
                "say which service publishes which event: flotilla publish SERVICE EVENT --key K --data JSON")
        }
        let payload =
            data == "-" ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : data
        let fleet = try await FleetArgument.load(file)
        let id = try await Publisher.publish(words[1], from: words[0], key: key, payload: payload, in: fleet)
        Console.line(id.description)
    }
}
