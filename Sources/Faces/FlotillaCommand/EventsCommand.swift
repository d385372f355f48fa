import ArgumentParser
import Control
import FleetCore
import Wire

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print the records of a service's stream, as they are on the wire.",
        usage:
            "flotilla events [<fleet.yaml>] <service> [--from <position>] [--limit <n>] [--follow] [--format <format>]",
        discussion: """
            One JSON object a line: position, topic, key, headers, value. A value that is not UTF-8 is written in base64, \
            and "encoding" says so; an event without data has the value null. "objection" says why no broker would take a \
            message. Changes nothing, whether the fleet runs or not.

            EXAMPLES
              flotilla events orders
              flotilla events orders --from 1000 --limit 10
              flotilla events orders --follow | jq -r .topic
              flotilla events orders --format debezium
            """)

    @Argument(help: "The fleet file (or nothing), then the service.")
    var words: [String]

    // Unconditional, so that a negative number is told as what it is.
    @Option(parsing: .unconditional, help: ArgumentHelp("The position to begin with.", valueName: "position"))
    var from: Int64?

    @Option(parsing: .unconditional, help: ArgumentHelp("How many records at most.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Wait for more at the end, until Ctrl-C.")
    var follow = false

    @Option(help: "How events are written: as the service declares, or otherwise.")
    var format: EventsFormat?

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit \(limit): write a number of records, 0 or more") }
        if let from, from < 1 { throw ValidationError("--from \(from): positions begin at 1") }
    }

    func run() async throws {
        var words = words
        let file = FleetArgument.take(from: &words)
        guard words.count == 1 else {
            throw ValidationError("say whose events: flotilla events SERVICE")
        }
        let fleet = try await FleetArgument.load(file)
        let stream = try StreamReading(words[0], in: fleet, format: format?.format)
        try await stream.read(from: from.map(LogPosition.init), limit: limit, follows: follow) { records in
            var lines: [UInt8] = []
            for record in records { RecordLine.append(record, to: &lines) }
            return Console.write(lines)
        }
    }
}

/// How events are written.
enum EventsFormat: String, ExpressibleByArgument, CaseIterable {
    case cloudevents, debezium

    var format: WireFormat {
        switch self {
        case .cloudevents: .cloudEvents
        case .debezium: .debezium
        }
    }
}
