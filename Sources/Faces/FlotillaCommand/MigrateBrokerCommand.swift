import ArgumentParser
import Control
import FleetCore
import Foundation

struct MigrateBrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate-broker",
        abstract: "Move the fleet's streams from the embedded broker to the one that the file declares now.",
        discussion: """
            1. Write the new broker in the fleet file: `broker: {engine: nats, url: "nats://…"}`. Leave `flotilla run` as it is: it \
            knows the file as it was.
            2. Run this. It copies the streams while the fleet goes on, and then says which process to stop.
            3. Stop `flotilla run`. Services go on: their events wait in their outboxes. The rest is copied.
            4. Start `flotilla run` again, with the file as it is now.

            Nothing is lost, repeated or reordered, and no view is rebuilt: streams keep their identity and positions. It may be \
            stopped at any moment, and run again. The old files are kept.

            EXAMPLES
              flotilla migrate-broker
            """)

    @OptionGroup var fleet: FleetArgument

    func run() async throws {
        let definition = try await fleet.load()
        let shows = Console.shared.isTerminal
        let migration = BrokerMigration(definition) { step in
            switch step {
            case .copying(let stream, let records, let total):
                if shows { Console.shared.show(["copying \(stream): \(records) of \(counted(total, "record"))"]) }
            case .waiting(let holder):
                if shows { Console.shared.show([]) }
                Console.line("copied, up to now. Stop `flotilla run` (\(holder)); waiting for its end")
            case .copyingTheRest:
                Console.line("nobody carries the fleet: copying the rest")
            }
        }
        let outcome = try await migration.run()
        if shows { Console.shared.show([]) }
        if outcome.wasMovedBefore {
            Console.line("the streams were moved before, nothing to do")
            return
        }
        for (stream, records) in outcome.streams { Console.line("moved \(stream): \(counted(records, "record"))") }
        Console.line("now: `flotilla apply \(fleet.file)`, and start `flotilla run \(fleet.file)` again")
        Console.line("the old files are in \(outcome.keptDirectory); remove them when all is well")
    }
}
