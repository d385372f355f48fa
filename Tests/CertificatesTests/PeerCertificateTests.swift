import Certificates
import FleetCore
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// When the certificate ends that a server shows.
@Suite struct PeerCertificateTests {
    private static func isAbout(_ days: Int, _ end: Timestamp?) -> Bool {
        guard let end else { return false }
        let left = end.elapsed(since: .now())
        return left > .seconds(days * 86_400 - 3600) && left <= .seconds(days * 86_400)
    }

    @Test func aServerOfHTTPSShowsIt() async throws {
        let files = try TemporaryDirectory()
        let pair = try TestCertificates(directory: files.path).server("one", alternativeName: "DNS:elsewhere", days: 9)
        let receiver = try await HTTPReceiver(tls: (pair.certificate, pair.key))
        let peer = PeerCertificate(host: "127.0.0.1", port: receiver.port)
        #expect(Self.isAbout(9, try await peer.end()))
        // What may not be talked to is not.
        let asked = Mutex("")
        try await checkThrows(.unavailable) {
            _ = try await peer.end { address in
                asked.withLock { $0 = "\(String(describing: address))" }
                return false
            }
        }
        #expect(asked.withLock { $0 }.contains("127.0.0.1"))
    }

    @Test func whoHasNoTLSOrIsNotThereOrSaysNothingIsNoTrouble() async throws {
        let plain = try await HTTPReceiver()
        for opening in [PeerCertificate.Opening.none, .postgres, .nats] {
            let error = try await checkThrows(.unavailable) {
                _ = try await PeerCertificate(host: "127.0.0.1", port: try LoopbackPort.free(), opening: opening).end()
            }
            #expect(error.isRetriable)
            // It answers the wrong thing, or nothing, and is given up.
            let begun = ContinuousClock.now
            let end = try? await PeerCertificate(host: "127.0.0.1", port: plain.port, opening: opening).end()
            #expect(end == nil && ContinuousClock.now - begun < .seconds(180))
        }
    }

    /// Nobody waits for it who ends.
    @Test func itIsGivenUpWithItsTask() async throws {
        let silent = try await HTTPReceiver()
        let peer = PeerCertificate(host: "127.0.0.1", port: silent.port, opening: .nats)
        let asking = Task { try await peer.end() }
        asking.cancel()
        // Its time would end as `unavailable`.
        try await checkThrows(.cancelled) { _ = try await asking.value }
    }

    #if Postgres
        @Test func aServerOfPostgreSQLWithoutTLSSaysSo() async throws {
            let server = try await PrivatePostgres.shared()
            let peer = PeerCertificate(host: "127.0.0.1", port: server.port, opening: .postgres)
            #expect(try await peer.end() == nil)
        }

        @Test func aServerOfPostgreSQLShowsIt() async throws {
            let server = try await PrivatePostgres()
            let files = try TemporaryDirectory()
            let pair = try TestCertificates(directory: files.path).server(
                "pg", alternativeName: "IP:127.0.0.1", days: 20)
            try server.turnOnTLS(certificate: pair.certificate, key: pair.key)
            let peer = PeerCertificate(host: "127.0.0.1", port: server.port, opening: .postgres)
            try await eventually("the server speaks TLS") { Self.isAbout(20, try await peer.end()) }
        }
    #endif

    #if NATS
        @Test(arguments: [false, true]) func aServerOfNATSShowsItWhoeverItLetsIn(wantsCertificate: Bool) async throws {
            let files = try TemporaryDirectory()
            let certificates = try TestCertificates(directory: files.path)
            let pair = try certificates.server("nats", alternativeName: "IP:127.0.0.1", days: 5)
            let server = try await NATSServer(
                settings: """
                    tls { cert_file: "\(pair.certificate)", key_file: "\(pair.key)", ca_file: "\(certificates.authority)",
                        verify: \(wantsCertificate) }
                    """)
            let peer = PeerCertificate(host: "127.0.0.1", port: server.port, opening: .nats)
            #expect(Self.isAbout(5, try await peer.end()))
            let plain = try await NATSServer.shared()
            #expect(try await PeerCertificate(host: "127.0.0.1", port: plain.port, opening: .nats).end() == nil)
        }
    #endif
}
