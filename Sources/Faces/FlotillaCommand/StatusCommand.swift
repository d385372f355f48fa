import ArgumentParser
import Control
import FleetCore
import Foundation

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Per stream and view: pending, lag, parked, last error.",
        discussion: """
            Asks the stores themselves, whether the fleet runs or not.

            EXAMPLES
              flotilla status
              flotilla status --json | jq '.views[] | select(.pending > 0)'
            """)

    @OptionGroup var fleet: FleetArgument

    @Flag(help: "One JSON object.")
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
            tell(status)
        }
        if status.unreachable { throw ExitCode(Failure.unavailable) }
    }

    private func tell(_ status: FleetStatus) {
        let style = Style()
        Console.line(
            style.bold("fleet \(status.fleet)") + "  " + (status.runningAs.map { "carried by \($0)" } ?? "not running"))
        func number(_ value: Int?) -> String { value.map(String.init) ?? "?" }
        func lag(_ seconds: Double?) -> String { seconds.map { $0 == 0 ? "-" : "\($0) s" } ?? "?" }
        var table = Table(
            rows: [["stream or view", "from", "pending", "lag", "parked", "waiting"]], numeric: [2, 3, 4, 5])
        var errors = status.stateError.map { ["the fleet's state: \($0)"] } ?? []
        var notes: [String] = []
        for stream in status.streams {
            let name = "\(stream.service) outbox"
            table.rows.append([
                name, "its store", number(stream.pending), lag(stream.lagSeconds), String(stream.parked),
                String(stream.waiting),
            ])
            if let error = stream.lastError { errors.append("\(name): \(error)") }
            if let retained = stream.retainedBytes, let limit = stream.retainedLimitBytes {
                notes.append(
                    "\(name): its server keeps \(ByteCount(retained)) of log for it; the bound is \(ByteCount(limit))")
            }
        }
        for view in status.views {
            table.rows.append([
                view.view, view.stream, number(view.pending), lag(view.lagSeconds), String(view.parked + view.retrying),
                String(view.waiting),
            ])
            if let error = view.lastError { errors.append("\(view.view) from \(view.stream): \(error)") }
            if let first = view.builtFrom, first > 1 {
                errors.append(
                    "\(view.view) from \(view.stream): built from record \(first) on; older ones were dropped before")
            }
        }
        for (number, line) in table.lines().enumerated() { Console.line(number == 0 ? style.dim(line) : line) }
        for note in notes { Console.line(style.dim("  " + note)) }
        for error in errors { Console.line(style.yellow("! " + error)) }
    }
}
