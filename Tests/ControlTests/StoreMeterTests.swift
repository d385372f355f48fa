import FleetCore
import Signals
import Testing

@testable import Control

/// `db.client.operation.duration`.
@Suite struct StoreMeterTests {
    private let registry = SignalRegistry()

    /// What was counted, by code and reason.
    private func counts() -> [[String]: UInt64] {
        var counts: [[String]: UInt64] = [:]
        for family in registry.read() where family.metric.name == FleetMetrics.storeDuration.name {
            for series in family.series {
                guard case .distribution(let distribution) = series.value, distribution.count > 0 else { continue }
                counts[Array(series.labels.suffix(2))] = distribution.count
            }
        }
        return counts
    }

    @Test func whatFailsIsToldByItsReason() async throws {
        let stream = StreamName(fleet: try FleetName("shop"), service: try ServiceName("shop"))
        let relay = RelayMeter(
            registry, service: "shop", storeSystem: "sqlite", stream: stream, brokerSystem: "flotilla")
        relay.observe(.settled(parked: 0, took: .milliseconds(3)))
        let busy = FleetError(.busy, "it is locked").told(as: "SQLITE_BUSY")
        func settle(_ error: any Error) async {
            try? await WorkObservation.StoreOperation.settle.run(tellingTo: relay) { () async throws -> Void in
                throw error
            }
        }
        await settle(busy)
        await settle(busy)
        // The store itself has told nothing.
        await settle(FleetError(.missing, "it is gone"))
        // Others were quicker, or nobody waits any more.
        await settle(FleetError(.conflict, "the cursor is elsewhere"))
        await settle(CancellationError())
        #expect(counts() == [["", ""]: 1, ["SQLITE_BUSY", "busy"]: 2, ["", "missing"]: 1])
    }

    /// Statements may fail with codes of their own.
    @Test func codesAreBounded() {
        let meter = StoreMeter(registry, service: "shop", system: "postgresql", operation: "apply sales", stream: "s")
        for number in 0..<1000 {
            meter.record(.zero, failure: FleetError(.statement, "refused").told(as: "Z\(1000 + number)"))
        }
        let told = counts()
        #expect(told.count == 21 && told[["_OTHER", "statement"]] == 980)
        meter.record(.zero, failure: FleetError(.statement, "refused").told(as: "Z1000"))
        #expect(counts()[["Z1000", "statement"]] == 2)
    }
}
