import ArgumentParser
import Control
import FleetCore

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the fleet what the file declares; safe to run again.",
        discussion: """
            Creates outbox tables, views, streams and Flotilla's own tables where they are missing. Touches nothing that it \
            did not create.

            A service that leaves the fleet may leave a replication slot behind, for which its server would keep its log for \
            ever: --remove drops it. A slot that the server has lost is made anew with --replace-slot.

            EXAMPLES
              flotilla apply
              flotilla apply --remove orders          and then take it out of the file
              flotilla apply --replace-slot orders
            """)

    @OptionGroup var fleet: FleetArgument

    @Option(help: ArgumentHelp("Drop the replication slot and publication of a service.", valueName: "service"))
    var remove: String?

    @Option(help: ArgumentHelp("Make a service's replication slot anew.", valueName: "service"))
    var replaceSlot: String?

    func validate() throws {
        if remove != nil, replaceSlot != nil {
            throw ValidationError("--remove and --replace-slot are two things; give one of them")
        }
    }

    func run() async throws {
        let definition = try await fleet.load()
        if let service = remove {
            let plan = try await FleetSetup.removeCapture(of: service, in: definition)
            PlanReport.tell(plan)
            if plan.isEmpty { Console.line("nothing to remove: \(service) has no replication slot or publication") }
            return
        }
        if let service = replaceSlot {
            PlanReport.tell(try await FleetSetup.replaceSlot(of: service, in: definition))
            return
        }
        let plan = await FleetSetup.apply(definition)
        PlanReport.tell(plan)
        let steps = plan.parts.map(\.steps.count).reduce(0, +)
        if let failure = plan.failures.first {
            Console.standardError(
                "applied \(counted(steps, "step")); \(counted(plan.failures.count, "part")) could not be set up, as told above"
            )
            throw ExitCode(Failure.code(of: failure))
        }
        Console.line(
            steps == 0
                ? "nothing to do: the fleet is as \(fleet.file) declares it" : "applied \(counted(steps, "step"))")
    }
}
