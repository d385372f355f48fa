import ArgumentParser
import Control
import FleetCore

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "What apply would change, store by store; exit code 2 if anything.",
        discussion: """
            EXAMPLES
              flotilla plan
              flotilla plan fleet.yaml || echo "there is something to apply"
            """)

    @OptionGroup var fleet: FleetArgument

    func run() async throws {
        let plan = await FleetSetup.plan(try await fleet.load())
        PlanReport.tell(plan)
        if let failure = plan.failures.first { throw ExitCode(Failure.code(of: failure)) }
        if !plan.isEmpty { throw ExitCode(Failure.changes) }
        Console.line("nothing to do: the fleet is as \(fleet.file) declares it")
    }
}

/// Tells a plan, part by part.
enum PlanReport {
    static func tell(_ plan: FleetPlan) {
        let style = Style()
        for part in plan.parts {
            if !part.steps.isEmpty || !part.notices.isEmpty { Console.line(style.bold(part.name)) }
            for step in part.steps { Console.line("  \(style.green("+")) \(step)") }
            for notice in part.notices { Console.line("  \(style.yellow("!")) \(notice)") }
            if let failure = part.failure { Console.standardError("\(part.name): error: \(text(failure, of: part))") }
        }
    }

    /// An error of a store begins with the store's name, which the part's name has as well.
    private static func text(_ failure: FleetError, of part: FleetPlan.Part) -> Substring {
        let text = failure.description
        guard let colon = text.firstRange(of: ": "), part.name.hasSuffix("(\(text[..<colon.lowerBound]))") else {
            return text[...]
        }
        return text[colon.upperBound...]
    }
}
