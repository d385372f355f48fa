import ArgumentParser
import Control
import FleetCore

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the fleet what the file declares; safe to run again.",
        discussion: """
            Creates outbox tables, views, streams and Flotilla's own tables where they are missing. Touches nothing that it
            did not create.

            EXAMPLES
              flotilla apply
            """)

    @OptionGroup var fleet: FleetArgument

    func run() async throws {
        let plan = await FleetSetup.apply(try await fleet.load())
        PlanReport.tell(plan)
        if let failure = plan.failures.first { throw ExitCode(Failure.code(of: failure)) }
        let steps = plan.parts.map(\.steps.count).reduce(0, +)
        Console.line(
            steps == 0
                ? "nothing to do: the fleet is as \(fleet.file) declares it" : "applied \(counted(steps, "step"))")
    }
}
