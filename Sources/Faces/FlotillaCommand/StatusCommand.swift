import ArgumentParser
import Control
import FleetCore
import Foundation

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How far each stream's events are: written, captured, in the broker, delivered, parked.",
        discussion: """
            Asks the stores themselves, whether the fleet runs or not. For each stage: how many events have reached it, how \
            many have reached the one before and not this one, and how old the oldest of those is.

            EXAMPLES
              flotilla status
              flotilla status --json | jq '.views[] | select(.pending > 0)'
            """)

    @OptionGroup var fleet: FleetArgument

    @Flag(help: "One JSON object; docs/status.md names its keys.")
    var json = false

    func run() async throws {
        let status = await FleetStatus.read(try await fleet.load())
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            do {
                Console.line(String(decoding: try encoder.encode(status), as: UTF8.self))
            } catch {
                throw FleetError(.bug, "a status does not encode: \(error)")
            }
        } else {
            StatusText(status).tell()
        }
        if status.unreachable { throw ExitCode(Failure.unavailable) }
    }
}
