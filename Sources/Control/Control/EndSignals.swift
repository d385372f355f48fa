import FleetCore
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Hears SIGINT and SIGTERM, whatever the process is at: the services that run then end gracefully, and where none run, the
/// work is cancelled.
final class EndSignals: Sendable {
    private struct State {
        var isTold = false
        var group: ServiceGroup?
    }

    private let state = Mutex(State())

    /// Whether the process was told to end.
    var isTold: Bool { state.withLock { $0.isTold } }

    /// Runs `body`, and cancels it where a signal comes while it runs no services.
    func listen<Result: Sendable>(during body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals where await !self.endServices() { break }
                return nil
            }
            while let ended = try await group.next() {
                group.cancelAll()
                if let result = ended { return result }
            }
            throw FleetError(.bug, "the work ended without a result")
        }
    }

    /// - Returns: whether there are some.
    private func endServices() async -> Bool {
        let group = state.withLock { state in
            state.isTold = true
            return state.group
        }
        await group?.triggerGracefulShutdown()
        return group != nil
    }

    /// Runs services until one of them ends, or a signal comes. They have two seconds to end.
    /// - Parameter last: one whose end has all others end in good order.
    func run(_ services: [any Service], until last: (any Service)? = nil) async throws {
        // Without a name a service is written out with all that it holds, which takes milliseconds.
        var named = services.map {
            ServiceGroupConfiguration.ServiceConfiguration(service: $0, serviceName: "\(type(of: $0))")
        }
        if let last {
            named.append(
                .init(
                    service: last, successTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: "\(type(of: last))"))
        }
        var configuration = ServiceGroupConfiguration(
            services: named, logger: Logger(label: "lifecycle", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.maximumGracefulShutdownDuration = .seconds(2)
        let group = ServiceGroup(configuration: configuration)
        let isTold = state.withLock { state in
            if !state.isTold { state.group = group }
            return state.isTold
        }
        if isTold { return }
        defer { state.withLock { $0.group = nil } }
        do {
            try await group.run()
        } catch let error as ServiceGroupError where error.errorCode == .alreadyFinished {
            // It was told to end before it began.
        }
    }
}
