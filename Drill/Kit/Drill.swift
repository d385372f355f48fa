#if Postgres
    import Control
    public import DrillJudge
    import DrillReport
    import FleetCore
    import Foundation
    import Stores
    import TestKit

    /// Runs a fleet of real servers while everything around it fails, and judges what became of what was written.
    public struct Drill: Sendable {
        let options: DrillOptions
        let directory: DrillDirectory
        /// Called with a line for whoever watches.
        let tell: @Sendable (String) -> Void

        /// Everything that was pending must be carried within so long.
        private static let drainLimit = Duration.seconds(240)
        /// How long a fleet may take at least until it carries for the first time.
        private static let firstBound = Duration.seconds(240)

        /// Where the history, the observations and the report are.
        public var path: String { directory.path }

        /// Makes its directory.
        public init(_ options: DrillOptions, tell: @escaping @Sendable (String) -> Void) throws {
            self.options = options
            directory = try DrillDirectory(options.directory)
            self.tell = tell
        }

        /// Runs it, and judges it. Whatever it has started has ended when this returns or throws.
        public func run() async throws -> Judgement {
            let history = try HistoryFile(directory.history)
            history.write(
                .opened(
                    Opening(
                        seed: options.seed, broker: options.broker.rawValue, seconds: options.seconds,
                        command: command, recoveryBound: options.recoveryBound * 1_000)))
            let leash = try Leash()
            do {
                let observations = try await runFleet(history, leash)
                try await Blocking.run { leash.close() }
                tell("judging")
                let read = try history.read()
                return try await Blocking.run { [self] in
                    try ObservationsFile.write(observations, to: directory.observations)
                    let judgement = Judge.judge(read, observations)
                    try ReportFiles(directory: directory).write(read, judgement)
                    return judgement
                }
            } catch {
                try await Blocking.run { leash.close() }
                throw error
            }
        }

        private var command: String {
            "flotilla-drill --seed \(options.seed) --seconds \(options.seconds) --broker \(options.broker.rawValue)"
        }

        private func runFleet(_ history: HistoryFile, _ leash: Leash) async throws -> Observations {
            tell("starting servers")
            let servers = try await Servers(options, directory: directory, leash: leash)
            do {
                let observations = try await run(servers, history, leash)
                try await servers.close()
                return observations
            } catch {
                try await servers.close()
                throw error
            }
        }

        // MARK: The fleet

        private func run(_ servers: Servers, _ history: HistoryFile, _ leash: Leash) async throws -> Observations {
            try await setUp(servers, leash)
            let instances = (0..<options.instances).map {
                Instance($0, directory: directory, leash: leash, history: history)
            }
            let status = try await withThrowingTaskGroup(of: FleetStatus?.self) { group in
                for instance in instances {
                    group.addTask {
                        try await instance.supervise()
                        return nil
                    }
                }
                group.addTask {
                    try await sample(history, leash)
                    return nil
                }
                group.addTask { try await drill(servers, instances, history, leash) }
                defer { group.cancelAll() }
                // The others only end with an error, or when they are told to.
                while let ended = try await group.next() {
                    if let ended { return ended }
                }
                throw CheckFailure("the drill ended without an outcome")
            }
            tell("looking at what stores and broker hold")
            let bank = servers.connectionToBank(isDirect: true)
            let observer = Observer(
                directory: directory,
                sources: try DrillService.all.map { ($0, try servers.connection(to: $0, isDirect: true)) },
                views: try FleetText.views.map { ($0, try servers.connection(toView: $0)) },
                transfers: TransferObserver(connection: bank))
            let observations = try await observer.observe(status)
            for (_, connection) in observer.sources { await connection.end() }
            for (_, connection) in observer.views { await connection.end() }
            await bank.end()
            return observations
        }

        private func setUp(_ servers: Servers, _ leash: Leash) async throws {
            let text = servers.fleetText.text
            try await Blocking.run { [directory] in
                try Data(text.utf8).write(to: URL(fileURLWithPath: directory.fleetFile))
            }
            let bank = servers.connectionToBank(schema: "public", isDirect: true)
            try await bank.access { try $0.script(TransferBank.tablesBefore) }
            let ending = try await flotilla(["apply"], leash, within: .seconds(180))
            guard ending == .code(0) else {
                throw CheckFailure("flotilla apply failed: see \(directory.file("apply.log"))")
            }
            try await bank.access { try $0.script(TransferBank.tablesAfter) }
            await bank.end()
            for service in DrillService.all {
                let connection = try servers.connection(to: service, isDirect: true)
                try await connection.access { try $0.script(service.tables) }
                await connection.end()
            }
        }

        private func flotilla(
            _ arguments: [String], _ leash: Leash, within limit: Duration
        ) async throws -> DrillProcess.Ending? {
            let log = directory.file("\(arguments[0]).log")
            let process = try await Blocking.run { [directory] in
                try DrillProcess(
                    directory.flotilla, arguments, in: directory.path, output: log, log: log, leash: leash)
            }
            return try await process.end(within: limit)
        }

        /// Notes how far everything is behind, until it is cancelled.
        private func sample(_ history: HistoryFile, _ leash: Leash) async throws {
            let reader = StatusReader(directory: directory, leash: leash, name: "sampled")
            while !Task.isCancelled {
                if let status = try await reader.read() { history.write(.sampled(status.samples)) }
                try await Task.sleep(for: .seconds(1))
            }
        }

        // MARK: Faults

        /// Writes and does faults until the time is over, heals, and waits until nothing is pending.
        private func drill(
            _ servers: Servers, _ instances: [Instance], _ history: HistoryFile, _ leash: Leash
        ) async throws -> FleetStatus {
            let injector = FaultInjector(servers: servers, instances: instances, leash: leash)
            if !FaultInjector.clocksCanBeMoved {
                skipLoudly("fault: \(Fault.Kind.moveClock.rawValue): a release build")
            }
            if !injector.kinds.contains(.fillDisk) { skipLoudly("fault: \(Fault.Kind.fillDisk.rawValue)") }
            let stop = StopSign()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try addWriters(to: &group, servers, history, until: stop)
                group.addTask {
                    defer { stop.set() }
                    try await disturb(injector, history)
                }
                try await group.waitForAll()
            }
            return try await drain(instances, history, leash)
        }

        private func addWriters(
            to group: inout ThrowingTaskGroup<Void, any Error>, _ servers: Servers, _ history: HistoryFile,
            until stop: StopSign
        ) throws {
            let count = DrillService.all.count * options.writers
            let pause = Duration.seconds(1) * count / max(1, options.rate)
            var seeds = RandomSource(seed: options.seed &+ 1)
            for service in DrillService.all {
                for _ in 0..<options.writers {
                    let writer = Writer(
                        service: service, connection: try servers.connection(to: service, isDirect: false),
                        history: history)
                    let seed = seeds.next()
                    group.addTask { try await writer.write(seed: seed, pause: pause, until: stop) }
                }
            }
            let asking = TransferWriter(connection: servers.connectionToBank(isDirect: false), history: history)
            let seed = seeds.next()
            group.addTask { try await asking.write(seed: seed, until: stop) }
        }

        private func disturb(_ injector: FaultInjector, _ history: HistoryFile) async throws {
            let servers = injector.servers
            let prober = Prober(
                writers: try DrillService.all.map {
                    Writer(service: $0, connection: try servers.connection(to: $0, isDirect: true), history: history)
                },
                views: try FleetText.views.map { try servers.connection(toView: $0) })
            let bound = Duration.seconds(options.recoveryBound)
            // Faults begin when everything is at work. Until then it is the machine's pace that counts.
            guard try await prober.probe(within: max(bound, Self.firstBound)) != nil else {
                throw CheckFailure("the fleet did not begin to carry; see \(directory.path)")
            }
            let end = ContinuousClock.now + .seconds(options.seconds)
            var schedule = FaultSchedule(seed: options.seed, kinds: injector.kinds)
            var step = 0
            var number = 0
            while ContinuousClock.now < end {
                step += 1
                let next = schedule.next()
                try await Task.sleep(for: .milliseconds(next.peace))
                let instances = try await Blocking.run { next.faults.map(injector.instance) }
                let names = zip(next.faults, instances).map(injector.name)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for ((fault, instance), name) in zip(zip(next.faults, instances), names) {
                        number += 1
                        let record = FaultRecord(number: number, step: step, name: name)
                        group.addTask {
                            try await Task.sleep(for: .milliseconds(fault.delay))
                            history.write(.faultBegan(record))
                            try await injector.carryOut(fault, on: instance)
                            history.write(.faultEnded(number: record.number))
                        }
                    }
                    try await group.waitForAll()
                }
                // Twice the bound, so that what is late is told as late, and what never comes as never.
                let recovery = try await prober.probe(within: bound * 2)
                history.write(.recovered(step: step, milliseconds: recovery?.wholeMilliseconds))
                tell(
                    "\(history.now / 1_000) s: step \(step): \(names.joined(separator: " and ")): "
                        + (recovery.map { "carried again after \($0.wholeMilliseconds) ms" } ?? "NOT CARRIED AGAIN"))
            }
            await prober.close()
        }

        // MARK: Coming to rest

        private func drain(_ instances: [Instance], _ history: HistoryFile, _ leash: Leash) async throws -> FleetStatus
        {
            tell("draining")
            let reader = StatusReader(directory: directory, leash: leash, name: "draining")
            let deadline = ContinuousClock.now + Self.drainLimit
            var status = try await reader.read()
            while ContinuousClock.now < deadline,
                !(status.map { $0.isDrained && $0.retainsLittle && $0.hasNoOpenSagas } ?? false)
            {
                try await Task.sleep(for: .milliseconds(200))
                status = try await reader.read()
            }
            for instance in instances { try await instance.interrupt() }
            // What status says is one thing; that a run finds nothing to do is another.
            let ending = try await flotilla(["run", "--until-idle"], leash, within: Self.drainLimit)
            if ending != .code(0), ending != .code(3) {
                history.write(
                    .died(process: "run --until-idle", how: ending.map { "it ended with \($0)" } ?? "it found no end"))
            }
            guard let last = try await reader.read() else {
                throw CheckFailure("flotilla status gives no answer; see \(directory.file("status.log"))")
            }
            history.write(.sampled(last.samples))
            return last
        }
    }

    extension FleetStatus {
        /// Whether every saga has ended, or waits for an operator.
        fileprivate var hasNoOpenSagas: Bool { sagas.allSatisfy { $0.running + $0.compensating == 0 } }

        /// Whether no server keeps more of its log than it may.
        fileprivate var retainsLittle: Bool {
            streams.allSatisfy { $0.retainedBytes ?? 0 <= $0.retainedLimitBytes ?? .max }
        }
    }
#endif
