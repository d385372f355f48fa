import ArgumentParser
import Control
import FleetCore
import FleetFile
import Foundation
import Overview
import UnixSignals

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "The fleet at a glance, live.",
        discussion: """
            Asks the stores themselves, as `status` does, whether the fleet runs or not. How long things take is known \
            where `flotilla run` serves the page (`page:` in the fleet file, or --page).

            EXAMPLES
              flotilla top                  q or Ctrl-C ends
              flotilla top --once           one look, for scripts and pipes
            """)

    @OptionGroup var fleet: FleetArgument

    @Flag(help: "Print one look, and end.")
    var once = false

    /// A look costs the stores at most so small a part of the time.
    private static let share = 10
    private static let interval = Duration.seconds(2)
    private static let longest = Duration.seconds(30)

    func run() async throws {
        guard !once, Console.shared.isTerminal, isatty(STDIN_FILENO) == 1 else {
            let definition = try await fleet.load()
            var look = OverviewLook(definition, version: Version.text)
            // Rates are what two looks differ by.
            _ = await look.look()
            try await Task.sleep(for: .seconds(1))
            let overview = await look.look()
            let size = TerminalScreen.size ?? (columns: Self.environmentColumns ?? 100, rows: .max)
            for line in TopFrame(overview, columns: size.columns, rows: .max, style: Style()).lines {
                Console.line(line)
            }
            return
        }
        // What is wrong with the file is told where it stays: on the terminal that was given back.
        if let file = try await watch() { _ = try FleetArgument.definition(of: file) }
    }

    private static var environmentColumns: Int? {
        ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 20 ? $0 : nil }
    }

    /// - Returns: what was found in the fleet file, where that cannot be used.
    private func watch() async throws -> FleetFileResult? {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sighup, .sigint)
        let screen = try TerminalScreen()
        defer { screen.close() }
        return await withTaskGroup(of: FleetFileResult?.self) { group in
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            group.addTask { [fleet] in
                screen.draw(["asking the fleet …"])
                let file = await fleet.check()
                guard let definition = file.definition else { return file }
                await Self.show(definition, on: screen)
                return nil
            }
            // Reading the file and a look may take long: a key is heard all the same.
            group.addTask {
                while !screen.isToldToEnd, (try? await Task.sleep(for: .milliseconds(50))) != nil {}
                return nil
            }
            // Whoever ends first ends all.
            let file = await group.next() ?? nil
            group.cancelAll()
            return file
        }
    }

    private static func show(_ definition: FleetDefinition, on screen: TerminalScreen) async {
        var look = OverviewLook(definition, version: Version.text)
        while !Task.isCancelled {
            let begun = ContinuousClock.now
            let overview = await look.look()
            let pause = min(max(interval, (ContinuousClock.now - begun) * share), longest)
            let next = ContinuousClock.now + pause
            var drawn: (columns: Int, rows: Int)?
            while ContinuousClock.now < next {
                let size = TerminalScreen.size ?? (100, 30)
                if drawn.map({ $0 != size }) ?? true {
                    screen.draw(
                        TopFrame(overview, columns: size.columns, rows: size.rows, style: Style()).lines)
                    drawn = size
                }
                if (try? await Task.sleep(for: .milliseconds(50))) == nil { return }
            }
        }
    }
}
