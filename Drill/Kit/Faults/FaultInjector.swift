#if Postgres
    import DrillJudge
    import Foundation
    import TestKit

    /// Does faults to a fleet, and mends them again.
    struct FaultInjector: Sendable {
        let servers: Servers
        let instances: [Instance]
        let leash: Leash

        /// What can be done here.
        var kinds: [Fault.Kind] {
            Fault.Kind.allCases.filter { kind in
                switch kind {
                case _ where kind.victim == .broker: servers.broker.kinds.contains(kind)
                case .moveClock: Self.clocksCanBeMoved
                default: true
                }
            }
        }

        /// Only debug builds have a clock that can be told another time.
        static var clocksCanBeMoved: Bool {
            #if CRASH_POINTS
                true
            #else
                false
            #endif
        }

        /// What the fault is called here, with whom it is done to.
        func name(of fault: Fault, on instance: Instance) -> String {
            let name = fault.kind.rawValue
            switch fault.kind {
            case .killInstance, .pauseInstance, .restartInstance, .moveClock:
                return "\(name) (\(instance.name)\(instance.carries ? ", which carries" : ""))"
            case .cutWire, .resetWire, .deadWire, .deadToServer, .deadFromServer, .slowWire, .cutCommits:
                return "\(name) \(wire(fault).name)"
            default: return name
            }
        }

        /// Whom a fault of a run is done to: twice out of three times to the one that carries, whichever that is. Reads logs.
        func instance(for fault: Fault) -> Instance {
            let isAsked = !(fault.choice / instances.count).isMultiple(of: 3)
            return (isAsked ? instances.first(where: \.carries) : nil) ?? instances[fault.choice % instances.count]
        }

        private func wire(_ fault: Fault) -> Wire {
            // Only writers know no outcome of a commit.
            fault.kind == .cutCommits ? servers.writers : servers.wires[fault.choice % servers.wires.count]
        }

        /// Does it, waits for as long as it lasts, and mends it, also where the task is cancelled meanwhile.
        func carryOut(_ fault: Fault, on instance: Instance) async throws {
            switch fault.kind {
            case .killInstance, .pauseInstance, .restartInstance, .moveClock, .killEveryInstance:
                try await disturb(instance, fault)
            case .crashPostgres, .pausePostgres, .killBackend, .terminateBackends: try await disturbPostgres(fault)
            case .cutWire, .resetWire, .deadWire, .deadToServer, .deadFromServer, .slowWire, .cutCommits:
                try await disturb(wire(fault).proxy, fault)
            case .fillDisk, .lockBroker, .killBroker, .killEveryBroker, .pauseBroker:
                try await servers.broker.carryOut(fault) { await last(fault) }
            }
        }

        /// Waits until the fault has lasted long enough, or the drill ends.
        private func last(_ fault: Fault) async { try? await Task.sleep(for: .milliseconds(fault.length)) }

        private func disturb(_ instance: Instance, _ fault: Fault) async throws {
            switch fault.kind {
            case .killEveryInstance:
                for instance in instances { instance.kill() }
                await last(fault)
                for instance in instances { instance.wakeUp() }
            case .pauseInstance:
                instance.pause()
                await last(fault)
                instance.resume()
            case .restartInstance:
                let times = 4
                for _ in 0..<times {
                    instance.kill()
                    instance.wakeUp()
                    try? await Task.sleep(for: .milliseconds(fault.length / times))
                }
            case .moveClock:
                let offsets = [-7_200, -61, 59, 7_200]
                instance.offsetClock(bySeconds: offsets[fault.choice % offsets.count])
                fallthrough
            default:
                instance.kill()
                await last(fault)
                instance.wakeUp()
            }
        }

        private func disturbPostgres(_ fault: Fault) async throws {
            let server = servers.postgres
            switch fault.kind {
            case .crashPostgres:
                try await Blocking.run { server.stop(mode: "immediate") }
                await last(fault)
                // Where the drill is ending, it need not come back.
                if !Task.isCancelled { try await server.start() }
            case .pausePostgres:
                guard let root = server.processID else { return }
                let processes = ProcessTable.tree(of: root)
                for process in processes {
                    // Whatever ends a server in order does not reach it while it is paused.
                    leash.started(process)
                    kill(process, SIGSTOP)
                }
                await last(fault)
                for process in processes.reversed() {
                    kill(process, SIGCONT)
                    leash.ended(process)
                }
            case .killBackend:
                let backends = try await psql(
                    """
                    SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'flotilla%' OR application_name = 'drill'
                    ORDER BY pid
                    """
                ).split(separator: "\n").compactMap { Int32($0) }
                if !backends.isEmpty { kill(backends[fault.choice % backends.count], SIGKILL) }
                await last(fault)
            default:
                _ = try await psql(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'flotilla%'"
                )
                await last(fault)
            }
        }

        private func psql(_ sql: String) async throws -> String {
            let server = servers.postgres
            return try await Blocking.run { (try? server.psql("postgres", sql)) ?? "" }
        }

        private func disturb(_ proxy: CuttableProxy, _ fault: Fault) async throws {
            switch fault.kind {
            case .cutWire: proxy.cut()
            case .resetWire: proxy.reset()
            case .deadWire: proxy.hold([.toServer, .fromServer])
            case .deadToServer: proxy.hold([.toServer])
            case .deadFromServer: proxy.hold([.fromServer])
            case .cutCommits: proxy.cut(at: "COMMIT")
            default: proxy.slow(by: .milliseconds(20 + fault.choice % 80))
            }
            if fault.kind == .cutWire || fault.kind == .resetWire { proxy.refuse(true) }
            await last(fault)
            // In the end a dead wire is cut, or what was held comes after all.
            if fault.choice.isMultiple(of: 2), fault.kind != .slowWire { proxy.cut() }
            proxy.cut(at: "")
            proxy.refuse(false)
            proxy.hold([])
            proxy.slow(by: .zero)
        }
    }
#endif
