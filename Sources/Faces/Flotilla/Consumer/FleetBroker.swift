import Brokers
import EmbeddedBroker
import FleetCore
import Foundation

/// Where a fleet's streams are, for those who read them.
public struct FleetBroker: Sendable {
    let fleet: FleetName
    let open: @Sendable () -> any Broker
    /// How long a look at an idle stream takes. A stream that another process writes to wakes nobody here.
    let patience: Duration

    /// The embedded broker of a fleet on this machine.
    /// - Parameters:
    ///   - fleet: the fleet's name.
    ///   - state: the state directory of the fleet file: `.flotilla`, relative to the working directory.
    /// - Throws: `FleetError` with code `invalidInput` for what is no name of a fleet.
    public static func embedded(fleet: String, state: String = ".flotilla") throws -> FleetBroker {
        let directory = URL(fileURLWithPath: state).appendingPathComponent("streams").path
        // It only reads: what is kept, and for how long, is for the one who carries the fleet.
        let retention = Retention(age: .seconds(0), size: ByteCount(0), limit: ByteCount(0))
        return FleetBroker(
            fleet: try FleetName(fleet), open: { EmbeddedBroker(directory: directory, retention: retention) },
            patience: .milliseconds(20))
    }
}
