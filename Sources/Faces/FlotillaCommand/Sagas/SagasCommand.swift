import ArgumentParser
import Control
import FleetCore
import Foundation
import Sagas

struct SagasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sagas",
        abstract: "List and show sagas, and act on them.",
        usage: "flotilla sagas [<fleet.yaml>] list|show|start|cancel|signal|retry|skip|resolve|strays|export ...",
        discussion: """
            A saga is named by its id, as `list` shows it; its last part suffices. A step in a for each is written step[0].

            EXAMPLES
              flotilla sagas list --status parked
              flotilla sagas show place_order/0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506
              flotilla sagas start place_order --data '{"order_id": 7}'
              flotilla sagas cancel ID --reason "the customer changed his mind"
              flotilla sagas signal ID approve yes --by ada    take a decision
              flotilla sagas retry ID [STEP]                   try what is parked again
              flotilla sagas skip ID STEP --reason "refunded by hand"
              flotilla sagas resolve ID STEP --done '{"charge": 4}' --reason "it was paid"
              flotilla sagas resolve ID STEP --not-done --reason "seen at the bank"
              flotilla sagas export place_order --asl          Amazon States Language
            """)

    enum Verb: String, CaseIterable {
        case list, show, start, cancel, signal, retry, skip, resolve, strays, export
    }

    @Argument(help: "The fleet file (or nothing), then what to do, then what it is about.")
    var words: [String] = []

    @Option(help: "list: only those of this saga.")
    var saga: String?

    @Option(help: "list: only those that are running, compensating, parked, completed, compensated or rejected.")
    var status: String?

    @Option(help: "list, strays: how many, the youngest first.")
    var limit = 50

    @Flag(help: "list, show, strays: JSON.")
    var json = false

    @Option(help: "start: what the saga is about, as JSON.")
    var data: String?

    @Option(help: "start: an id of your own, so that a repeated start does nothing.")
    var id: String?

    @Option(help: "cancel, skip, resolve: why.")
    var reason: String?

    @Option(help: "signal: who decides.")
    var by: String?

    @Option(help: "resolve: the step was done, with this reply as JSON.")
    var done: String?

    @Flag(help: "resolve: the step was not done.")
    var notDone = false

    @Flag(help: "export: as Amazon States Language, which is the only form there is.")
    var asl = false

    func run() async throws {
        var words = words
        let file = FleetArgument.take(from: &words) { Self.most(in: $0) }
        let word = words.isEmpty ? "list" : words.removeFirst()
        guard let verb = Verb(rawValue: word) else {
            let all = Verb.allCases.map(\.rawValue)
            let nearest = NearestName.of(word, in: all).map { "; did you mean \($0)?" } ?? ""
            throw ValidationError("'\(word)' is none of \(all.joined(separator: ", "))\(nearest)")
        }
        guard limit > 0 else { throw ValidationError("--limit is above 0") }
        let fleet = try await FleetArgument.load(file)
        let sagas = SagaAdministration(fleet)
        switch verb {
        case .list:
            try await list(sagas, words)
            let style = Style(descriptor: STDERR_FILENO)
            for undeclared in await fleet.undeclaredSagas() {
                Console.standardError(style.yellow("\(undeclared)"))
            }
        case .strays: try await strays(sagas)
        case .show: try SagaText(try await sagas.show(one(words, "an id"))).print(asJSON: json)
        case .export:
            let export = try sagas.export(one(words, "a saga of the fleet file"))
            for remark in export.remarks { Console.standardError(remark) }
            Console.line(export.text.trimmingCharacters(in: .newlines))
        case .start:
            guard let data else { throw ValidationError("say what the saga is about: --data '{\"order_id\": 7}'") }
            let started = try await sagas.start(one(words, "a saga of the fleet file"), id: id, data: data)
            Console.line(started.id)
            if !started.isBegun {
                Console.standardError("nobody carries the fleet at the moment; it begins once somebody does")
            }
        default: try tell(try await act(verb, sagas, words))
        }
    }

    /// How many words stand behind a verb. Ids may look like a file; the names of steps do not.
    private static func most(in words: [String]) -> Int? {
        switch words.first.flatMap({ Verb(rawValue: $0) }) {
        case .list, .strays: 0
        case .show, .start, .cancel, .export: 1
        case .retry: words.count == 3 && FleetArgument.isFile(words[2]) ? 1 : 2
        case .skip, .resolve: 2
        case .signal: 3
        case nil: nil
        }
    }

    // MARK: Looking

    private func list(_ sagas: SagaAdministration, _ words: [String]) async throws {
        guard words.isEmpty else { throw ValidationError("list takes --saga and --status, not \(words[0])") }
        let status = try status.map { text in
            guard let status = SagaStatus(rawValue: text) else {
                let all = SagaStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("'\(text)' is none of \(all)")
            }
            return status
        }
        let found = try await sagas.list(saga: saga, status: status, limit: limit)
        if json {
            for summary in found { Console.line(try SagaText.line(summary)) }
            return
        }
        guard !found.isEmpty else {
            let asked = [saga.map { "of \($0)" }, status.map { "that are \($0.rawValue)" }].compactMap(\.self)
            Console.line((["there are no sagas"] + asked).joined(separator: " "))
            return
        }
        var table = Table(rows: [["id", "status", "started", "ended"]], numeric: [])
        for summary in found {
            table.rows.append([
                summary.id, summary.status.rawValue, summary.startedAt.description,
                summary.endedAt?.description ?? "",
            ])
        }
        for line in table.lines() { Console.line(line) }
    }

    private func strays(_ sagas: SagaAdministration) async throws {
        let found = try await sagas.strays(limit: limit)
        if json {
            for stray in found { Console.line(try SagaText.line(stray)) }
        } else if found.isEmpty {
            Console.line("everything that came matched a saga")
        } else {
            for stray in found { Console.line("\(stray.at)  \(stray.note)") }
        }
    }

    // MARK: Acting

    private func act(
        _ verb: Verb, _ sagas: SagaAdministration, _ words: [String]
    ) async throws -> SagaAdministration.Outcome {
        switch verb {
        case .cancel: return try await sagas.cancel(one(words, "an id"), reason: why())
        case .retry:
            guard (1...2).contains(words.count) else { throw ValidationError("name an id, and a step or none") }
            return try await sagas.retry(words[0], step: words.count > 1 ? words[1] : nil)
        case .skip:
            let (id, step) = try two(words)
            return try await sagas.skip(id, step: step, reason: why())
        case .resolve:
            let (id, step) = try two(words)
            if done != nil, notDone {
                throw ValidationError("--done and --not-done are two things; give one of them")
            }
            if done == nil, !notDone {
                throw ValidationError("say what became of it: --done REPLY, a JSON text, or --not-done")
            }
            if let done, (try? JSONDocument.validate(Array(done.utf8))) == nil {
                throw ValidationError("the reply of --done is no JSON; quote it for the shell: --done '{\"id\": 4}'")
            }
            return try await sagas.resolve(id, step: step, reply: done, reason: why())
        default:
            guard words.count == 3 else { throw ValidationError("name an id, a step and an option") }
            return try await sagas.decide(
                words[0], step: words[1], option: words[2], by: by ?? NSUserName())
        }
    }

    private func one(_ words: [String], _ what: String) throws -> String {
        guard words.count == 1 else { throw ValidationError("name \(what)") }
        return words[0]
    }

    private func two(_ words: [String]) throws -> (String, String) {
        guard words.count == 2 else { throw ValidationError("name an id and a step") }
        return (words[0], words[1])
    }

    private func why() throws -> String {
        guard let reason, !reason.isEmpty else { throw ValidationError("say why: --reason \"…\"") }
        return reason
    }

    /// - Throws: where the saga refused it.
    private func tell(_ outcome: SagaAdministration.Outcome) throws {
        guard let after = outcome.after else {
            Console.line("noted; nobody carries the fleet at the moment, it is acted on once somebody does")
            return
        }
        let refused = outcome.notes.filter { [.refused, .late, .stray].contains($0.kind) }
        for note in outcome.notes { Console.standardError("\(note.kind.rawValue): \(note.text)") }
        Console.line("\(after.entry.state.id) is \(after.status.rawValue)")
        if !refused.isEmpty { throw ExitCode(Failure.input) }
    }
}
