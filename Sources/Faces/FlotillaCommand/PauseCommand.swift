import ArgumentParser
import Control
import FleetCore

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Have a service's outbox, or a view or push, rest.",
        usage: "flotilla pause [<fleet.yaml>] <service>|<service>.<view> [--reason <text>]",
        discussion: """
            SERVICE: what the service writes waits in its outbox. SERVICE.VIEW, SERVICE.push: events for this view, or to be \
            delivered over HTTP, or that a program of the service's own reads (`consumers`), wait in their streams, which are \
            not trimmed meanwhile. What is under way ends first. Works whether the fleet runs or not, and lasts until \
            `flotilla resume`; `flotilla status` shows it. `run --until-idle` does not wait for what is paused.

            EXAMPLES
              flotilla pause orders
              flotilla pause billing.invoices --reason "moving to a new disk"
            """)

    @Argument(help: "The fleet file (or nothing), then the service or view.")
    var words: [String] = []

    @Option(help: "Why: one line, shown by `flotilla status`.")
    var reason: String?

    func run() async throws {
        let (fleet, subject) = try await FlowArguments.load(
            words, "say what to pause: flotilla pause SERVICE or SERVICE.VIEW")
        let outcome = try await FlowAdministration(fleet).pause(subject, reason: reason)
        let pause = outcome.pause.map { " since \($0.since)" + ($0.reason.map { ": \($0)" } ?? "") } ?? ""
        Console.line(outcome.isUnchanged ? "\(subject) is paused already\(pause)" : "paused \(subject)")
        if outcome.isReadByProgram { Console.line("the program that reads it hears of it within two seconds") }
        if outcome.isUnconfirmed {
            Console.standardError("what is under way has not ended yet; `flotilla status` shows what stands in its way")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Have what is paused go on.",
        usage: "flotilla resume [<fleet.yaml>] <service>|<service>.<view>",
        discussion: """
            It goes on where it stopped.

            EXAMPLES
              flotilla resume orders
              flotilla resume billing.invoices
            """)

    @Argument(help: "The fleet file (or nothing), then the service or view.")
    var words: [String] = []

    func run() async throws {
        let (fleet, subject) = try await FlowArguments.load(
            words, "say what to resume: flotilla resume SERVICE or SERVICE.VIEW")
        let outcome = try await FlowAdministration(fleet).resume(subject)
        Console.line(outcome.isUnchanged ? "\(subject) is not paused, nothing to do" : "resumed \(subject)")
    }
}
