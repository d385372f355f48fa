import ArgumentParser
import Control
import FleetCore
import FleetFile
import Foundation
import Parking

struct ParkedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked",
        abstract: "List, retry or discard events whose effect failed.",
        usage: "flotilla parked [<fleet.yaml>] list|retry|discard [<id> ...] [--json] [--all]",
        discussion: """
            An event that fails is parked with its error; its key waits, all others go on. Each of these is safe to repeat.

            EXAMPLES
              flotilla parked list
              flotilla parked retry 0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506
              flotilla parked retry                 every one
              flotilla parked discard 0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506
              flotilla parked discard --all
            """)

    enum Verb: String, CaseIterable { case list, retry, discard }

    @Argument(help: "The fleet file (or nothing), then list, retry or discard, then event ids.")
    var words: [String] = []

    @Flag(help: "list: one JSON object a line.")
    var json = false

    @Flag(help: "discard: every parked event.")
    var all = false

    func run() async throws {
        var words = words
        let file = FleetArgument.take(from: &words) { Verb(rawValue: $0) != nil }
        let word = words.isEmpty ? "list" : words.removeFirst()
        guard let verb = Verb(rawValue: word) else {
            throw ValidationError("'\(word)' is none of list, retry, discard")
        }
        let fleet = try await FleetArgument.load(file)
        let (ids, all) = (words, all)
        switch verb {
        case .list: try await list(ParkedAdministration(fleet))
        case .retry: try tell(try await lend(fleet) { try await $0.retry(ids) }, ids: ids, done: "applied")
        case .discard:
            guard all || !words.isEmpty else {
                throw ValidationError("name the ids to discard, or say --all; `flotilla parked list` shows them")
            }
            try tell(try await lend(fleet) { try await $0.discard(all ? [] : ids) }, ids: ids, done: "discarded")
        }
    }

    /// What is tried again is told to the fleet's collector; trouble with that is no reason to fail.
    private func lend(
        _ fleet: FleetDefinition,
        _ body: @escaping @Sendable (ParkedAdministration) async throws -> [ParkedAdministration.Outcome]
    ) async throws -> [ParkedAdministration.Outcome] {
        let writer = LogWriter(format: .text)
        defer { writer.end() }
        return try await ParkedAdministration.lend(
            fleet, version: Version.text, logger: writer.logger(of: fleet.name), body)
    }

    private func list(_ administration: ParkedAdministration) async throws {
        let items = try await administration.list()
        if json {
            for item in items { Console.line(try ParkedRow(item).line()) }
            return
        }
        guard !items.isEmpty else {
            Console.line("nothing is parked")
            return
        }
        var table = Table(rows: [["id", "place", "type", "key", "tries", "for", "why"]], numeric: [4, 5])
        let now = Timestamp.now()
        for item in items {
            let row = ParkedRow(item)
            table.rows.append([
                row.id, row.place, row.type, row.key, String(row.attempts),
                StatusText.age(max(0, now.elapsed(since: item.event.parkedAt).inSeconds)),
                (row.reason ?? "waits behind another of its key")
                    + (row.state == "retrying" ? " (will be tried again)" : ""),
            ])
        }
        for line in table.lines() { Console.line(line) }
    }

    private func tell(_ outcomes: [ParkedAdministration.Outcome], ids: [String], done: String) throws {
        for outcome in outcomes {
            let id = outcome.item.event.eventID
            let others = outcome.applied - (done == "applied" ? 1 : 0)
            let more = others > 0 ? "\(others) that waited behind it" : ""
            if let failure = outcome.failure, outcome.applied == 0, done == "applied" {
                Console.standardError("\(id) at \(outcome.item.place) stays parked: \(failure)")
            } else {
                var what = done
                if outcome.isAsked, done == "applied" {
                    what = "its service tries it again"
                } else if others > 0 {
                    what += done == "applied" ? ", and \(more)" : "; \(more) \(others == 1 ? "was" : "were") applied"
                }
                Console.line("\(id) at \(outcome.item.place): \(what)")
                if let failure = outcome.failure {
                    Console.standardError("the next of key \(outcome.item.event.event.key) stays parked: \(failure)")
                }
            }
        }
        let found = Set(outcomes.map { $0.item.event.eventID })
        for id in ids where !found.contains(EventID(id)?.description ?? id) {
            Console.line("\(id): not parked, nothing to do; `flotilla parked list` shows what is")
        }
        if outcomes.isEmpty, ids.isEmpty { Console.line("nothing is parked") }
        if outcomes.contains(where: { $0.failure != nil }) { throw ExitCode(Failure.input) }
    }
}

/// A parked event as `list --json` writes it.
private struct ParkedRow: Encodable {
    var id: String
    var place: String
    var stream: String
    var type: String
    var key: String
    /// `parked`, `retrying` or `waiting`.
    var state: String
    var reason: String?
    var attempts: Int
    var parkedAt: String

    enum CodingKeys: String, CodingKey {
        case id, place, stream, type, key, state, reason, attempts, parkedAt = "parked_at"
    }

    init(_ item: ParkedAdministration.Item) {
        id = item.event.eventID
        place = item.place
        stream = item.stream.description
        type = item.event.event.type
        key = item.event.event.key
        state = item.state
        reason = item.event.reason
        attempts = item.event.attempts
        parkedAt = item.event.parkedAt.description
    }

    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
