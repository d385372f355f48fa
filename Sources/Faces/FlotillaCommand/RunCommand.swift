import ArgumentParser
import Control
import FleetCore
import FleetFile
import Foundation
import Logging
import ServiceLifecycle

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Carry events until Ctrl-C, or until nothing is pending.",
        discussion: """
            One process at a time carries a fleet. It can be stopped at any moment, in any way: it goes on where it was. \
            Where the file keeps the fleet's state in PostgreSQL (`state: postgres://…`), a second one waits, and takes over \
            within seconds when the first ends or hangs.

            EXAMPLES
              flotilla run
              flotilla run --page        and serve the page at http://127.0.0.1:7070/
              flotilla run --until-idle && echo "all delivered"
              flotilla run --log-format json 2>> flotilla.log
            """)

    @OptionGroup var fleet: FleetArgument
    @OptionGroup var logs: LogOptions

    @Flag(help: "End when nothing is pending: exit code 0, or 3 if events are parked.")
    var untilIdle = false

    @Option(
        defaultAsFlag: "127.0.0.1:7070",
        help: "Serve the operators' page there; where no address follows, at 127.0.0.1:7070.")
    var page: String?

    func run() async throws {
        var (definition, leftOut) = try await fleet.loadToRun()
        if let page { try definition.servePage(at: page) }
        try await carry(definition, without: leftOut)
    }

    private func carry(_ definition: FleetDefinition, without leftOut: [Problem]) async throws {
        let writer = logs.writer()
        defer { writer.end() }
        let carrier = FleetCarrier(
            definition, options: FleetRun.Options(untilIdle: untilIdle, version: Version.text),
            logger: writer.logger(of: definition.name))
        let logger = carrier.logger
        for problem in leftOut { logger.warning("\(problem)") }
        let outcome = try await carrier.carry { run in
            logger.info(
                "carrying fleet \(definition.name): \(counted(run.work.count, "stream and view", plural: "streams and views"))"
            )
            let report: any Service =
                Console.shared.isTerminal
                ? LiveView(work: run.work, fleet: definition.name.text) : PlainReport(work: run.work, logger: logger)
            return [report, LogFoldingService(writer: writer)]
        }
        logger.info("stopped; \(counted(outcome.events, "event")) carried")
        guard untilIdle else { return }
        guard outcome.isDrained else {
            throw FleetError(.cancelled, "stopped before everything was delivered", remedy: "run it again")
        }
        let status = await FleetStatus.read(definition)
        for pause in status.paused {
            let waiting = status.waiting(at: pause.subject).map { ", and \(counted($0, "event")) wait there" } ?? ""
            logger.warning("\(pause.subject) is paused since \(pause.since)\(waiting)")
        }
        let sagas = status.sagas.map(\.parked).reduce(0, +)
        if sagas > 0 {
            logger.warning(
                "\(counted(sagas, "saga")) parked; see `flotilla sagas \(fleet.file) list --status parked`")
        }
        let waiting = status.sagas.map { $0.running + $0.compensating }.reduce(0, +)
        if waiting > 0 {
            logger.info("\(counted(waiting, "saga")) not ended: they wait for an event, a time, a person or a lock")
        }
        if status.parked > 0 {
            logger.warning("\(counted(status.parked, "event")) parked; see `flotilla parked \(fleet.file) list`")
        }
        if status.parked + sagas > 0 { throw ExitCode(Failure.parked) }
    }
}

extension FleetDefinition {
    /// Has the page served, whatever the file says of it.
    fileprivate mutating func servePage(at address: String) throws {
        guard var serving = ServingDefinition(address: address) else {
            throw FleetError(
                .invalidInput, "\(address) is no address to listen at",
                remedy: "write --page 127.0.0.1:7070, or --page alone")
        }
        (serving.token, serving.tls) = (page?.token, page?.tls)
        guard serving.isLoopback || (serving.token != nil && serving.tls != nil) else {
            throw FleetError(
                .invalidInput,
                "\(address) is not on the loopback interface, and without TLS and a token nothing is served elsewhere",
                remedy: "add page: {listen: \"\(address)\", token: …, tls: …} to \(file)")
        }
        page = serving
    }
}

func counted(_ count: Int, _ noun: String, plural: String) -> String {
    "\(count) \(count == 1 ? noun : plural)"
}

/// A log line a minute, while something is carried.
struct PlainReport: Service {
    let work: [FleetRun.Work]
    let logger: Logger

    private static let interval = Duration.seconds(60)
    /// So many parts are named, those that did the most.
    private static let partLimit = 8

    func run() async {
        await cancelWhenGracefulShutdown {
            var known = work.map { $0.progress.snapshot.count }
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let counts = work.map { $0.progress.snapshot.count }
                let moved = zip(work, zip(counts, known)).map { ($0.progress.name, $1.0 - $1.1) }
                if let summary = Self.summary(moved) { logger.info("\(summary)") }
                known = counts
            }
        }
    }

    /// - Parameter moved: how many events each part is done with.
    /// - Returns: `nil` where there are none.
    static func summary(_ moved: [(name: String, count: Int)]) -> String? {
        let parts = moved.filter { $0.count > 0 }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        guard !parts.isEmpty else { return nil }
        let named = parts.prefix(partLimit).map { "\($0.name) \(counted($0.count, "event"))" }
        let rest = parts.count > partLimit ? ["and \(parts.count - partLimit) more"] : []
        return "in the last minute: \((named + rest).joined(separator: ", "))"
    }
}

/// A compact table of streams and views, drawn in its place twice a second.
struct LiveView: Service {
    let work: [FleetRun.Work]
    let fleet: String

    private static let interval = Duration.milliseconds(500)

    func run() async {
        await cancelWhenGracefulShutdown {
            var known = work.map { $0.progress.snapshot.count }
            var last = ContinuousClock.now
            while !Task.isCancelled {
                let snapshots = work.map(\.progress.snapshot)
                let seconds = max(0.001, (ContinuousClock.now - last).inSeconds)
                let rates = zip(snapshots, known).map { Double($0.count - $1) / seconds }
                Console.shared.show(lines(snapshots, rates))
                known = snapshots.map(\.count)
                last = .now
                if (try? await Task.sleep(for: Self.interval)) == nil { break }
            }
        }
    }

    private func lines(_ snapshots: [FleetCore.Progress.Snapshot], _ rates: [Double]) -> [String] {
        let style = Style()
        var table = Table(rows: [["", "stream or view", "from", "events", "a second", "state"]], numeric: [3, 4])
        for (index, work) in work.enumerated() {
            let snapshot = snapshots[index]
            let state =
                work.isPaused
                ? "paused"
                : snapshot.condition.map { "waits: \($0.error.message)" } ?? (snapshot.isIdle ? "idle" : "carrying")
            table.rows.append([
                snapshot.condition == nil ? "·" : "!", Self.name(of: work), Self.origin(of: work),
                String(snapshot.count),
                String(Int(rates[index].rounded())), state,
            ])
        }
        let width = Self.terminalWidth
        let rows = table.lines().map { String($0.prefix(width)) }
        return ["", style.bold("fleet \(fleet)") + style.dim("  Ctrl-C ends")]
            + rows.enumerated().map { number, row in
                if number == 0 { return style.dim(row) }
                return row.hasPrefix("!") ? style.yellow(row) : row
            }
    }

    private static func name(of work: FleetRun.Work) -> String {
        switch work.kind {
        case .relay: "\(work.subject) outbox"
        case .delivery: work.subject
        case .limits: "\(work.subject) limits"
        case .sagas: work.subject
        }
    }

    private static func origin(of work: FleetRun.Work) -> String {
        switch work.kind {
        case .relay: "its store"
        case .delivery: work.stream.service.text
        case .limits, .sagas: "its journal"
        }
    }

    private static var terminalWidth: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) - 1 : 100
    }
}
