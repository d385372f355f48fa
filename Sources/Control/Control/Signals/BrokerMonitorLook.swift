import FleetCore
import FleetFile
import HTTPEndpoint
import Logging
import Signals

/// Asks the monitoring endpoint of one server of the broker how it is. Nothing else waits for it.
struct BrokerMonitorLook: Sendable {
    let monitor: NATSMonitorDefinition
    /// Who is trusted to have signed its certificate; the system's where it is `nil`.
    let authorities: String?
    let signals: FleetSignals
    let logger: Logger

    private static let interval = Duration.seconds(10)

    private var subject: String { "the monitoring of NATS at \(monitor.name)" }

    func repeatedly() async {
        let caller = HTTPCaller(connections: 1, authorities: authorities)
        var trouble: FleetError.Code?
        while !Task.isCancelled {
            let failure = await look(caller)
            if Task.isCancelled { break }
            tell(failure, known: trouble)
            trouble = failure?.code
            try? await Task.sleep(for: Self.interval)
        }
        await caller.close()
        forget()
        signals.registry.gauge(FleetMetrics.brokerMonitorUp).series(monitor.name).set(nil)
        signals.health.attend(to: subject, nil)
    }

    private func tell(_ failure: FleetError?, known: FleetError.Code?) {
        signals.registry.gauge(FleetMetrics.brokerMonitorUp).series(monitor.name).set(failure == nil)
        signals.health.attend(to: subject, failure?.description)
        if let failure {
            forget()
            if failure.code != known { logger.warning("\(subject) tells no signals: \(failure)") }
        } else if known != nil {
            logger.info("\(subject) tells signals again")
        }
    }

    private func forget() {
        for metric in Connectors.brokerMetrics { signals.registry.gauge(metric).replace(of: monitor.name, with: [:]) }
    }

    private func look(_ caller: HTTPCaller) async -> FleetError? {
        do {
            try await monitor.ask(caller).record(of: monitor, in: signals.registry)
            return nil
        } catch {
            return FleetError.wrapping(error)
        }
    }
}

extension NATSMonitorDefinition {
    /// One that hangs is given up.
    private static let timeout = Duration.seconds(2)

    /// - Throws: why it does not tell how its server is.
    func ask(_ caller: HTTPCaller) async throws -> Readings {
        var answers: [[UInt8]] = []
        for path in Connectors.brokerMonitorPaths {
            let answer = try await caller.call(
                method: "GET", url: url + path, headers: [], body: nil, timeout: Self.timeout)
            guard answer.status == 200 else {
                throw FleetError(
                    .invalidInput, "\(path.prefix { $0 != "?" }) answers with \(answer.status)",
                    remedy: "name the address of `http_port` in the server's configuration under `broker.monitor`")
            }
            answers.append(answer.body)
        }
        return try Connectors.brokerReadings(answers)
    }
}

extension Readings {
    /// What was told before and is not now is not so any more.
    func record(of monitor: NATSMonitorDefinition, in registry: SignalRegistry) {
        let numbers = Dictionary(grouping: readings, by: \.metric)
        for metric in Connectors.brokerMetrics {
            let own = (numbers[metric] ?? []).map { ($0.labels, $0.value) }
            registry.gauge(metric).replace(of: monitor.name, with: Dictionary(own) { first, _ in first })
        }
    }
}
