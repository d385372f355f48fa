import Endpoints
import FleetCore
import HTTPReceiver
import NIOCore
import TestKit
import Testing

@testable import HTTPEndpoint

/// Endpoints that do not do what they should: each is told, none does harm.
@Suite struct TroubleTests {
    @Test func oneThatHangsIsGivenUp() async throws {
        let (answer, _) = try await deliver(timeout: .milliseconds(300)) { _ in .hang }
        #expect(answer.later?.message.contains("did not answer within 0.3 s") == true, "\(answer)")
    }

    @Test func oneThatClosesTheConnectionIsTold() async throws {
        let (answer, _) = try await deliver { _ in .close }
        #expect(answer.later?.message.contains("closed the connection") == true, "\(answer)")
    }

    @Test func oneThatDoesNotSpeakHTTPIsTold() async throws {
        let (answer, _) = try await deliver { _ in .write("SSH-2.0-OpenSSH_9.2\r\n\r\n") }
        #expect(answer.later?.message.contains("does not speak HTTP") == true, "\(answer)")
    }

    /// A success is a success, however long its body takes; one that was read to its end would never be.
    @Test func aBodyWithoutEndIsNotReadToItsEnd() async throws {
        let (answer, _) = try await deliver { _ in .endless(200, bytes: 4096) }
        #expect(answer.isDelivered)
        // Where the machine stands still, the time may be over before the answer begins.
        try await eventually("what drips is delivered") {
            try await deliver(timeout: .milliseconds(500)) { _ in .endless(200, bytes: 1) }.answer.isDelivered
        }
        let (refused, _) = try await deliver { _ in .endless(422, bytes: 65_536) }
        #expect(refused.refusal.map { $0.description.utf8.count < 1000 } == true)
    }

    @Test func oneThatIsNotThereIsTold() async throws {
        let endpoint = HTTPEndpoint(.init(url: "http://127.0.0.1:1/", name: "http://127.0.0.1:1/"))
        let answer = await endpoint.deliver(event())
        await endpoint.close()
        #expect(answer.later?.message == "http://127.0.0.1:1/ cannot be reached", "\(answer)")
        #expect(answer.later?.underlying == "Connection refused", "\(answer)")
    }

    @Test func aNameThatNobodyKnowsIsTold() async throws {
        let endpoint = HTTPEndpoint(.init(url: "http://receiver.invalid/", name: "http://receiver.invalid/"))
        let answer = await endpoint.deliver(event())
        await endpoint.close()
        #expect(answer.later?.message.contains("nobody knows the name") == true, "\(answer)")
    }

    @Test func oneThatIsClosedAnswers() async throws {
        let endpoint = HTTPEndpoint(.init(url: "http://127.0.0.1:1/", name: "x"))
        await endpoint.close()
        await endpoint.close()
        #expect(await endpoint.deliver(event()).later != nil)
    }

    @Test func aRequestIsCancelledWithItsTask() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let url = "http://127.0.0.1:\(receiver.port)/"
        let endpoint = HTTPEndpoint(.init(url: url, name: url, timeout: .seconds(60)))
        await withTaskGroup(of: DeliveryAnswer.self) { group in
            group.addTask { await endpoint.deliver(event()) }
            try? await eventually("the request is there") { receiver.count == 1 }
            group.cancelAll()
            for await answer in group { #expect(answer.later?.code == .cancelled, "\(answer)") }
        }
        await endpoint.close()
        try await receiver.stop()
    }

    // MARK: Certificates

    @Test func aCertificateThatNobodyVouchesForIsTold() async throws {
        let directory = try TemporaryDirectory()
        let openssl = try #require(Command("openssl"))
        let (certificate, key) = (directory.file("cert.pem"), directory.file("key.pem"))
        try openssl.succeed([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ])
        let receiver = try await HTTPReceiver(tls: (certificate, key))
        let url = "https://localhost:\(receiver.port)/"
        func answer(_ url: String, authorities: String?) async -> DeliveryAnswer {
            let endpoint = HTTPEndpoint(.init(url: url, name: url, authorities: authorities))
            let answer = await endpoint.deliver(event())
            await endpoint.close()
            return answer
        }
        #expect(await answer(url, authorities: certificate).isDelivered)
        let unknown = await answer(url, authorities: nil)
        #expect(unknown.later?.message == "no secure connection to \(url)", "\(unknown)")
        let wrongName = await answer("https://127.0.0.1:\(receiver.port)/", authorities: certificate)
        #expect(wrongName.later?.message.contains("no secure connection") == true, "\(wrongName)")
        let plain = await answer("http://localhost:\(receiver.port)/", authorities: nil)
        #expect(plain.later != nil, "\(plain)")
        #expect(receiver.count == 1)
        try await receiver.stop()
    }

    // MARK: Addresses

    /// By name and by number: what counts is the address that was connected to.
    @Test(arguments: ["127.0.0.1", "localhost"])
    func aPrivateAddressCanBeForbidden(_ host: String) async throws {
        let receiver = try await HTTPReceiver()
        let url = "http://\(host):\(receiver.port)/"
        let endpoint = HTTPEndpoint(.init(url: url, name: url, allowsPrivateAddresses: false))
        for _ in 0..<3 {
            let answer = await endpoint.deliver(event())
            #expect(answer.later?.code == .denied, "\(answer)")
        }
        await endpoint.close()
        #expect(receiver.count == 0)
        try await receiver.stop()
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("10.1.2.3", true), ("172.16.0.1", true), ("172.31.255.255", true), ("172.32.0.1", false),
        ("192.168.1.1", true), ("169.254.169.254", true), ("100.64.0.1", true), ("100.128.0.1", false),
        ("0.0.0.0", true),
        ("224.0.0.1", true), ("255.255.255.255", true), ("8.8.8.8", false), ("198.18.0.1", true), ("192.0.0.8", true),
        ("::1", true), ("::", true), ("fe80::1", true), ("fd00::1", true), ("fc00::1", true), ("ff02::1", true),
        ("::ffff:127.0.0.1", true), ("::ffff:8.8.8.8", false), ("64:ff9b::a00:1", true), ("64:ff9b::808:808", false),
        ("2001:4860:4860::8888", false),
    ])
    func privateAddressesAreKnown(_ address: String, _ isPrivate: Bool) throws {
        #expect(AddressRule.isPrivate(try SocketAddress(ipAddress: address, port: 80)) == isPrivate)
    }
}
