import Foundation
import Testing

/// How much room is left where the fleet's files are.
@Suite(.lanes) struct DiskSignalTests {
    @Test func whatIsLeftIsToldAndSoIsAStreamsLimit() async throws {
        let yaml = ServingTests.yaml().replacingOccurrences(
            of: "fleet: shop\n", with: "fleet: shop\npage: \"127.0.0.1:0\"\nbroker: {limit: 64MiB}\n")
        let fleet = try FleetDirectory(yaml)
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await RunningPage(fleet)
        let signals = try await SignalAddress(of: run.program)
        try await eventually("the disks are looked at") {
            try await signals.value("flotilla_disk_free_bytes{place=\"state\"}") != nil
        }
        let told = try await signals.get("/metrics")
        let size = try #require(told.value("flotilla_disk_size_bytes{place=\"state\"}"))
        for place in ["store shop", "broker", "state"] {
            #expect(told.value("flotilla_disk_size_bytes{place=\"\(place)\"}") == size, "\(place): \(told.body)")
            let free = try #require(told.value("flotilla_disk_free_bytes{place=\"\(place)\"}"))
            #expect(free > 0 && free < size, "\(place): \(free) of \(size)")
        }
        try await eventually("the stream's limit is told") {
            try await signals.value("flotilla_stream_limit_bytes{stream=\"shop-shop\"}") == 64 * 1024 * 1024
        }
        try await eventually("the page shows the disk once, among what will break") {
            try run.ask("/api/overview").body.components(separatedBy: "\"what\":\"disk use\"").count == 2
        }
        try await run.stop()
    }
}
