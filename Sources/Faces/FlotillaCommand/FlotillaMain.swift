import ArgumentParser
import CMalloc
import FleetCore
import Foundation

/// The program: parses the command line, runs one command, and tells errors once, here.
@main
struct FlotillaMain {
    static func main() async {
        #if canImport(Glibc)
            // Work hops between threads: with an arena for each, freed memory would stay where nobody looks for it.
            mallopt(M_ARENA_MAX, 2)
        #endif
        // A reader that goes away ends its pipe, and not this process with half of its work done.
        signal(SIGPIPE, SIG_IGN)
        do {
            try FlotillaCommand.checkName()
            var command = try FlotillaCommand.parseAsRoot()
            do {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            } catch let error as ValidationError {
                throw WrongWords(command: type(of: command).configuration.commandName ?? "", message: error.message)
            }
        } catch {
            Failure.exit(with: error)
        }
    }
}

/// `flotilla`, and what its subcommands share.
struct FlotillaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla",
        abstract: "Keeps a fleet of databases, one per service, consistent.",
        discussion: """
            A fleet is declared in fleet.yaml. Services commit business rows and events in one transaction of their own \
            store; Flotilla carries the events, and keeps read models in other services' stores.

            EXAMPLES
              flotilla init                 write a commented starter fleet.yaml
              flotilla check                is the file right?
              flotilla apply                create what it needs in the services' stores
              flotilla run                  carry events until Ctrl-C
              flotilla publish orders OrderPlaced --key 17 --data '{"order_id": 17}'
              flotilla status               what is pending, parked, paused, wrong
              flotilla top                  the fleet at a glance, live
              flotilla pause orders         have its outbox rest; resume has it go on
              flotilla flows list           where every declared flow stands
              flotilla objectives           what is left of the objectives' error budgets
              flotilla events orders        what its stream holds, as it is on the wire

            EXIT CODES
              0   done
              1   a problem in what was given
              2   `plan` found changes
              3   `run --until-idle` ended with parked events
              69  a needed system cannot be reached, or refuses who asks
              70  a bug

            Completion for your shell: flotilla --generate-completion-script bash|zsh|fish
            """,
        version: Version.text,
        subcommands: [
            CheckCommand.self, PlanCommand.self, ApplyCommand.self, RunCommand.self, StatusCommand.self,
            TopCommand.self, NoteCommand.self,
            ParkedCommand.self, PublishCommand.self, EventsCommand.self, ViewsCommand.self, SagasCommand.self,
            FlowsCommand.self, ObjectivesCommand.self, PauseCommand.self, ResumeCommand.self, ReplayCommand.self,
            MigrateBrokerCommand.self,
            InitCommand.self,
        ])
}

extension FlotillaCommand {
    /// - Throws: ``WrongWords`` where the first word is no command, with the nearest one.
    fileprivate static func checkName() throws {
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-"), word != "help" else { return }
        let known = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !known.contains(word) else { return }
        let nearest = NearestName.of(word, in: known).map { "; did you mean \($0)?" } ?? ""
        throw WrongWords(command: "", message: "there is no command '\(word)'\(nearest)")
    }
}

enum Version {
    /// Of the program, after https://semver.org.
    static let text = "0.1.0"
}
