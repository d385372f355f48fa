import ArgumentParser
import Control
import FleetCore
import Foundation

struct FlowsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flows",
        abstract: "Show where every flow stands, and forget some.",
        usage: """
            flotilla flows [<fleet.yaml>] list [<flow>] [--state <state>] [--limit <count>] [--json]
            flotilla flows [<fleet.yaml>] show <flow> <key> [--json]
            flotilla flows [<fleet.yaml>] forget <flow> [<key>] [--all]
            """,
        discussion: """
            A flow is declared under `flows` in the fleet file: which events of a key must follow one another, and by when. \
            States are unstarted, running, stuck, ended, failed, out-of-order and late.

            EXAMPLES
              flotilla flows list --state stuck
              flotilla flows list order --json
              flotilla flows show order 4711
              flotilla flows forget order 4711      drop one run
              flotilla flows forget order --all     drop the flow, to have it watched anew
            """)

    enum Verb: String, CaseIterable { case list, show, forget }

    @Argument(help: "The fleet file (or nothing), then list, show or forget, then a flow and a key.")
    var words: [String] = []

    @Option(help: "list: only runs in this state.")
    var state: String?

    @Option(help: "list: how many runs of each flow at most.")
    var limit = 1000

    @Flag(help: "list: one JSON object a line; show: one.")
    var json = false

    @Flag(help: "forget: every run of the flow.")
    var all = false

    func run() async throws {
        var words = words
        let file = FleetArgument.take(from: &words) { most(in: $0) }
        let word = words.isEmpty ? "list" : words.removeFirst()
        guard let verb = Verb(rawValue: word) else {
            throw ValidationError("'\(word)' is none of list, show, forget")
        }
        guard limit > 0 else { throw ValidationError("--limit is above 0") }
        let selection = try selection()
        let ledger = FlowLedger(try await FleetArgument.load(file))
        switch verb {
        case .list:
            guard words.count <= 1 else { throw ValidationError("name one flow, or none") }
            try list(try await ledger.list(words.first, selection, limit: limit))
        case .show:
            guard words.count == 2 else { throw ValidationError("name a flow and a key") }
            let account = try await ledger.show(words[0], words[1])
            if json { Console.line(try Self.line(account)) } else { FlowText(account).tell() }
        case .forget:
            guard words.count == 2 || (words.count == 1 && all) else {
                throw ValidationError("name a flow and a key, or a flow and --all")
            }
            Console.line("forgot \(try await ledger.forget(words[0], words.count == 2 ? words[1] : nil))")
        }
    }

    /// How many words stand behind the verb. A flow's name does not look like a file; a key may.
    private func most(in words: [String]) -> Int? {
        switch words.first.flatMap({ Verb(rawValue: $0) }) {
        case .list: words.count == 2 && FleetArgument.isFile(words[1]) ? 0 : 1
        case .show: 2
        case .forget: all ? 1 : 2
        case nil: nil
        }
    }

    private func selection() throws -> FlowLedger.Selection? {
        guard let state else { return nil }
        if let selection = FlowLedger.Selection(rawValue: state) { return selection }
        let known = FlowLedger.Selection.allCases.map(\.rawValue)
        let nearest = NearestName.of(state, in: known).map { "did you mean \($0)?" }
        throw ValidationError("'\(state)' is no state; \(nearest ?? "it is one of \(known.joined(separator: ", "))")")
    }

    private func list(_ accounts: [FlowAccount]) throws {
        if json {
            for account in accounts { Console.line(try Self.line(account)) }
            return
        }
        guard !accounts.isEmpty else {
            Console.line("there are no such runs")
            return
        }
        var table = Table(rows: [["flow", "key", "state", "started", "last event", "what is wrong"]], numeric: [])
        for account in accounts {
            let came = account.steps.compactMap { step in
                step.time.flatMap { Timestamp($0) }.map { (event: step.event, time: $0) }
            }
            let last = came.max { $0.time < $1.time }
            let wrong = account.findings.filter { $0.clearedAt == nil }.map(\.text)
            table.rows.append([
                account.flow, account.key, account.status, account.startedAt ?? "-", last?.event ?? "-",
                wrong.joined(separator: "; "),
            ])
        }
        for line in table.lines() { Console.line(line.replacing(#/ +$/#, with: "")) }
    }

    private static func line(_ account: FlowAccount) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(account), as: UTF8.self)
    }
}

/// A run of a flow, drawn for people.
private struct FlowText {
    private let account: FlowAccount
    private let style = Style()

    init(_ account: FlowAccount) {
        self.account = account
    }

    func tell() {
        let marks = [account.isOutOfOrder ? "out of order" : nil, account.isLate ? "late" : nil].compactMap(\.self)
        let standing = ([account.status] + marks).joined(separator: ", ")
        Console.line(style.bold("\(account.flow) \(account.key)") + "  " + standing)
        var table = Table(rows: [["", "event", "", "time", "seen", "due"]], numeric: [])
        for step in account.steps {
            let count = step.repetitionCount > 0 ? " (\(step.repetitionCount + 1) times)" : ""
            table.rows.append([
                step.time == nil ? "·" : "✓", step.event + count, step.role, step.time ?? "-", step.seenAt ?? "-",
                step.due ?? "",
            ])
        }
        for (number, line) in table.lines().enumerated() {
            let text = line.replacing(#/ +$/#, with: "")
            Console.line(number == 0 ? style.dim(text) : text)
        }
        for finding in account.findings {
            let cleared = finding.clearedAt.map { "; it had been on its way, since \($0)" } ?? ""
            Console.line(style.yellow("! \(finding.text), found \(finding.since)\(cleared)"))
        }
        if let timeout = account.timeout {
            let what =
                switch timeout.stage {
                case "written": "was written to the outbox"
                case "withheld":
                    "was not written, as the flow began before it was watched, or is declared otherwise by now"
                default: "is to be written"
                }
            Console.line("\(timeout.event) \(what), \(timeout.at)")
        }
    }
}
