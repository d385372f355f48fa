import ArgumentParser
import Control
import FleetCore
import FleetFile
import Foundation
import Objectives

struct ObjectivesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "objectives",
        abstract: "How the fleet's objectives stand: what is left of their error budgets, and how fast it is spent.",
        discussion: """
            Without a word: the table, from what is kept of the counts, whether the fleet runs or not.

            EXAMPLES
              flotilla objectives
              flotilla objectives --json | jq '.objectives[] | select(.state != "ok")'
              flotilla objectives rules > fleet.yml && promtool check rules fleet.yml
              flotilla objectives export --openslo > slo.yaml
              flotilla objectives import slo.yaml
            """,
        subcommands: [Show.self, Rules.self, Export.self, Import.self], defaultSubcommand: Show.self)
}

extension ObjectivesCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "The table; what is shown where no other word is given.")

        @OptionGroup var fleet: FleetArgument

        @Flag(help: "One JSON object; docs/objectives.md names its keys.")
        var json = false

        func run() async throws {
            let reading = try await ObjectiveLedger(try await fleet.load()).read()
            guard json else {
                for line in ObjectivesText(reading).lines() { Console.line(line) }
                return
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            do {
                Console.line(String(decoding: try encoder.encode(reading), as: UTF8.self))
            } catch {
                throw FleetError(.bug, "objectives do not encode: \(error)")
            }
        }
    }

    struct Rules: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rules", abstract: "Recording and alerting rules for Prometheus, which scrapes /metrics.")

        @OptionGroup var fleet: FleetArgument

        func run() async throws {
            let definition = try await fleet.load()
            _ = Console.write(Array(PrometheusRules(definition.objectives, fleet: definition.name).text.utf8))
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "The objectives in a form that other programs read.")

        @OptionGroup var fleet: FleetArgument

        @Flag(help: "OpenSLO v1, with queries for Prometheus.")
        var openslo = false

        func validate() throws {
            guard openslo else { throw ValidationError("name the form: --openslo") }
        }

        func run() async throws {
            let definition = try await fleet.load()
            _ = Console.write(Array(OpenSLO.text(definition.objectives, fleet: definition.name).utf8))
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Reads a file of OpenSLO v1, and prints what belongs under objectives: in a fleet file.",
            discussion: "What cannot be expressed there is told on standard error, with its line.")

        @Argument(help: "A file with OpenSLO documents.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        func run() async throws {
            let result = OpenSLOReader().read(path: file)
            let style = Style(descriptor: STDERR_FILENO)
            for problem in result.problems {
                let text = problem.description
                Console.standardError(problem.severity == .error ? style.red(text) : style.yellow(text))
            }
            if result.problems.contains(where: { $0.severity == .error }) { throw FleetFileProblems() }
            _ = Console.write(Array(ObjectivesYAML.text(result.objectives).utf8))
        }
    }
}
