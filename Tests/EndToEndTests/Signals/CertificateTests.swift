import Foundation
import HTTPReceiver
import TestKit
import Testing

/// When certificates end is told before they do.
@Suite(.lanes) struct CertificateTests {
    @Test func thoseThatTheFleetFileNamesAreToldAndThatTheyEndSoonOnce() async throws {
        let files = try TemporaryDirectory()
        let certificates = try TestCertificates(directory: files.path)
        let pair = try certificates.server("page", alternativeName: "IP:127.0.0.1")
        let long = try certificates.server("long", alternativeName: "IP:127.0.0.1", days: 400)
        let receiver = try await HTTPReceiver(tls: (long.certificate, long.key))
        var yaml = """
            metrics: "127.0.0.1:0"
            telemetry: {otlp: {url: "https://127.0.0.1:1", tls: {ca: "\(long.certificate)"}}}

            """
        yaml += PageFleet.yaml("{listen: \"127.0.0.1:0\", tls: {certificate: \(pair.certificate), key: \(pair.key)}}")
        yaml += "\n    push: {shop.Sold: {to: \"https://127.0.0.1:\(receiver.port)/in?token=secret\"}}\n"
        let fleet = try FleetDirectory(yaml)
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await RunningPage(fleet)
        let signals = try await SignalAddress(of: run.program)
        let told = try await signals.get("/metrics")
        let days = 86_400.0
        let page = try #require(told.value("flotilla_certificate_expiry_seconds{certificate=\"page\"}"))
        #expect((1.9 * days...2 * days).contains(page), "\(page)")
        let trusted = try #require(
            told.value("flotilla_certificate_expiry_seconds{certificate=\"telemetry, its authority\"}"))
        #expect((399 * days...400 * days).contains(trusted), "\(trusted)")
        let said = run.program.errors
        #expect(said.components(separatedBy: "the certificate of page ends at ").count == 2, "\(said)")
        #expect(said.contains("renew it, and start `flotilla run` again"))
        #expect(!said.contains("the certificate of telemetry"))
        let endpoint =
            "flotilla_certificate_expiry_seconds{certificate=\"push endpoint at 127.0.0.1:\(receiver.port)\"}"
        try await eventually("the endpoint has shown its own") { try await signals.value(endpoint) ?? 0 > 399 * days }
        try await eventually("the page shows it as a time bomb") {
            let overview = try run.ask("/api/overview").body
            return overview.contains("\"what\":\"certificate ends\"") && overview.contains("\"of\":\"page\"")
        }
        let top = try await fleet.flotilla("top", "--once")
        #expect(top.output.contains("certificate ends"), "\(top.said)")
        // What a server shows is what it has read, whatever its file says since.
        try FileManager.default.removeItem(atPath: pair.certificate)
        #expect(try await signals.value("flotilla_certificate_expiry_seconds{certificate=\"page\"}") ?? 0 > 1.9 * days)
        try await run.stop()
    }

    @Test func oneThatHasEndedIsTold() async throws {
        let files = try TemporaryDirectory()
        let certificates = try TestCertificates(directory: files.path)
        let pair = try certificates.server("page", alternativeName: "IP:127.0.0.1", days: -1)
        let fleet = try FleetDirectory(
            "metrics: \"127.0.0.1:0\"\n"
                + PageFleet.yaml("{listen: \"127.0.0.1:0\", tls: {certificate: \(pair.certificate), key: \(pair.key)}}")
        )
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await RunningPage(fleet)
        let signals = try await SignalAddress(of: run.program)
        #expect(try await signals.value("flotilla_certificate_expiry_seconds{certificate=\"page\"}") ?? 0 < -80_000)
        #expect(run.program.errors.contains("the certificate of page has ended at "), "\(run.program.errors)")
        try await run.stop()
    }
}
