import TestKit

/// The broker of a drill: what the fleet file says of it, and what faults can do to it.
protocol DrillBroker: Sendable {
    /// Faults of the broker's that can be done here.
    var kinds: Set<Fault.Kind> { get }

    /// What stands behind `broker:`.
    var text: String { get }

    /// Where the fleet's state must be, where the broker minds.
    var stateDirectory: String? { get }

    /// Ways to it that faults can cut.
    var wires: [Wire] { get }

    /// Does a fault, waits for as long as it lasts, and mends it, also where the task is cancelled meanwhile.
    func carryOut(_ fault: Fault, lasting: () async -> Void) async throws

    /// Ends its servers.
    func close() async throws
}

/// A way to a server that faults can cut.
struct Wire: Sendable {
    var name: String
    var proxy: CuttableProxy
}
