import ArgumentParser
import FleetCore
import Foundation

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a commented starter fleet.yaml.",
        discussion: """
            EXAMPLES
              flotilla init
              flotilla init shop/fleet.yaml
            """)

    @OptionGroup var fleet: FleetArgument

    func run() throws {
        let data = Data(StarterFleet.text.utf8)
        do {
            try data.write(to: URL(fileURLWithPath: fleet.file), options: .withoutOverwriting)
        } catch {
            if FileManager.default.fileExists(atPath: fleet.file) {
                throw FleetError(
                    .invalidInput, "\(fleet.file) exists already", remedy: "name another file, or remove it")
            }
            throw FleetError(
                .invalidInput, "\(fleet.file) cannot be written",
                remedy: "check that its directory exists and can be written",
                underlying: error.localizedDescription)
        }
        let file = fleet.file == FleetArgument.standard ? "" : " \(fleet.file)"
        Console.line("wrote \(fleet.file). Next: flotilla apply\(file), then flotilla run\(file)")
    }
}
