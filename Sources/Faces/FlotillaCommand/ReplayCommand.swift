import ArgumentParser
import Control
import FleetCore

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Have a view, push or consumer take events again, from a time or a position on.",
        usage: """
            flotilla replay [<fleet.yaml>] <service>.<view> [--from <service>] (--since <time> | --position <n>) [--dry-run]
            """,
        discussion: """
            Takes the view's cursor back, so that what came since takes effect again in this view alone: on the tables as they \
            are. Its statements must be able to bear that (`ON CONFLICT … DO UPDATE`, not `INSERT` or `count = count + 1`). \
            Where they cannot, `flotilla views rebuild` builds the view from nothing, beside the old one. Parked events of \
            that time are dropped, as they come again. The fleet may run meanwhile, and notices at once. SERVICE.push sends its \
            events again, with the same ids; a consumer's handlers get theirs again.

            A time is that of the broker's: when the record was appended to the stream, not when the event occurred.

            EXAMPLES
              flotilla replay billing.invoices --since 2h --dry-run
              flotilla replay billing.invoices --since 2026-11-21T10:00:00Z
              flotilla replay billing.invoices --from orders --position 1200
            """)

    @Argument(help: "The fleet file (or nothing), then the view.")
    var words: [String] = []

    @Option(help: ArgumentHelp("Of the streams that the view reads, this service's alone.", valueName: "service"))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "A time (2026-11-21T10:00:00Z; UTC where it has no offset), or how long ago: 30s, 5m, 2h, 7d.",
            valueName: "time"))
    var since: String?

    // Unconditional, so that a negative number is told as what it is.
    @Option(parsing: .unconditional, help: ArgumentHelp("The first record that is taken again.", valueName: "n"))
    var position: Int64?

    @Flag(help: "Only tell what would be taken again.")
    var dryRun = false

    func validate() throws {
        guard (since == nil) != (position == nil) else {
            throw ValidationError("say from when on, --since TIME, or from which record on, --position N")
        }
        if let position, position < 1 { throw ValidationError("--position \(position): positions begin at 1") }
        _ = try beginning()
    }

    private func beginning() throws -> ReplayAdministration.Beginning {
        if let position { return .position(LogPosition(position)) }
        let text = since ?? ""
        let now = Timestamp.now()
        guard let time = Duration(unitText: text).map({ now.advanced(by: .zero - $0) }) ?? Timestamp(text) else {
            throw ValidationError("--since \(text): write a time as 2026-11-21T10:00:00Z, or how long ago as 2h")
        }
        guard time <= now else { throw ValidationError("--since \(text) is yet to come") }
        return .time(time)
    }

    func run() async throws {
        let (fleet, subject) = try await FlowArguments.load(
            words, "say which view: flotilla replay SERVICE.VIEW --since TIME")
        let replay = try ReplayAdministration(subject, from: from, beginning: try beginning(), in: fleet)
        let plan = try await replay.plan()
        for part in plan where part.count > 0 {
            let since = part.since.map { ", appended \($0)," } ?? ""
            Console.line(
                "\(part.stream): \(counted(part.count, "record")), from record \(part.first)\(since) to record \(part.last)"
            )
        }
        guard plan.contains(where: { $0.count > 0 }) else {
            Console.line("\(subject) has taken nothing since then, nothing to do")
            return
        }
        if dryRun { return }
        let (parts, dropped) = try await replay.run()
        let count = parts.map(\.count).reduce(0, +)
        let parked = dropped > 0 ? "; \(counted(dropped, "parked event")) dropped, as they come again" : ""
        Console.line("\(subject) takes \(counted(count, "record")) again\(parked)")
    }
}
