import BrokerConformance
import Brokers
import EmbeddedBroker
import FleetCore
import Foundation
import TestKit
import Testing

@Suite struct EmbeddedBrokerConformanceTests {
    @Test(arguments: BrokerConformance.checks)
    func conforms(check: BrokerConformance.Check) async throws {
        let directory = try TemporaryDirectory()
        let ample = Retention(age: .seconds(86_400), size: .gibibytes(1), limit: .gibibytes(2))
        let suite = BrokerConformance(
            create: { streams in
                let setup = EmbeddedBrokerSetup(directory: directory.path, retention: ample)
                // Applying to a stream that is there would remove the readers that nobody declares.
                let absent = streams.filter { !FileManager.default.fileExists(atPath: directory.file("\($0).db")) }
                _ = try await setup.apply(BrokerNeeds(streams: absent, subscriptions: []))
            },
            open: { retention, clock in
                EmbeddedBroker(directory: directory.path, retention: retention, clock: clock)
            })
        try await check.run(suite)
    }
}
