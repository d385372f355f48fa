import FleetCore
import HTTPReceiver
import TestKit
import Testing

@testable import HTTPEndpoint

/// Calls of services, whatever they answer.
@Suite struct CallerTests {
    private func call(
        timeout: Duration = .seconds(180), react: @escaping @Sendable (HTTPReceiver.Request) -> HTTPReceiver.Reaction
    ) async throws -> (answer: Result<(status: Int, headers: [(String, String)], body: [UInt8]), any Error>, count: Int)
    {
        let receiver = try await HTTPReceiver(react: react)
        let caller = HTTPCaller()
        var answer: Result<(status: Int, headers: [(String, String)], body: [UInt8]), any Error>
        do {
            answer = .success(
                try await caller.call(
                    method: "POST", url: "http://127.0.0.1:\(receiver.port)/reserve?a=1", headers: [("X-Key", "k 1")],
                    body: Array("{}".utf8), timeout: timeout))
        } catch {
            answer = .failure(error)
        }
        await caller.close()
        let count = receiver.count
        try await receiver.stop()
        return (answer, count)
    }

    private func code(_ answer: Result<some Any, any Error>) -> FleetError.Code? {
        if case .failure(let error) = answer { (error as? FleetError)?.code } else { nil }
    }

    @Test func anAnswerIsHandedOnAsItIs() async throws {
        let (answer, count) = try await call { request in
            let isRight = request.path == "/reserve?a=1" && request["x-key"] == "k 1" && request.body == "{}"
            return .answer(isRight ? 409 : 500, headers: [("X-Room", "7")], body: "taken")
        }
        let (status, headers, body) = try answer.get()
        #expect(status == 409)
        #expect(headers.contains { $0 == ("x-room", "7") })
        #expect(String(decoding: body, as: UTF8.self) == "taken")
        #expect(count == 1)
    }

    @Test func aCallWithoutBodyIsOneToo() async throws {
        let receiver = try await HTTPReceiver { .answer($0.body.isEmpty ? 200 : 400, body: "[]") }
        let caller = HTTPCaller()
        for _ in 0..<3 {
            let answer = try await caller.call(
                method: "GET", url: "http://127.0.0.1:\(receiver.port)/", headers: [], body: nil,
                timeout: .seconds(180))
            #expect(answer.status == 200)
        }
        await caller.close()
        try await receiver.stop()
    }

    @Test func whatMayHaveArrivedIsToldApart() async throws {
        // Where the machine stands still, a short time may be over before anything was sent.
        try await eventually("what hangs may have arrived") {
            self.code(try await self.call(timeout: .milliseconds(300)) { _ in .hang }.answer) == .unknownOutcome
        }
        #expect(code(try await call { _ in .close }.answer) == .unknownOutcome)
        #expect(code(try await call { _ in .write("SSH-2.0-OpenSSH_9.2\r\n\r\n") }.answer) == .unknownOutcome)
        #expect(code(try await call { _ in .endless(200, bytes: 400_000) }.answer) == .unknownOutcome)
        try await eventually("what has no end may have arrived") {
            self.code(try await self.call(timeout: .milliseconds(500)) { _ in .endless(200, bytes: 1) }.answer)
                == .unknownOutcome
        }
    }

    @Test(arguments: ["http://127.0.0.1:1/", "http://receiver.invalid/"])
    func whatWasNeverSentIsToldApart(_ url: String) async throws {
        let caller = HTTPCaller()
        await #expect {
            _ = try await caller.call(method: "GET", url: url, headers: [], body: nil, timeout: .seconds(180))
        } throws: { ($0 as? FleetError)?.code == .unavailable }
        await caller.close()
    }

    @Test func aPrivateAddressCanBeForbidden() async throws {
        let receiver = try await HTTPReceiver()
        let caller = HTTPCaller(allowsPrivateAddresses: false)
        let url = "http://localhost:\(receiver.port)/"
        await #expect {
            _ = try await caller.call(method: "GET", url: url, headers: [], body: nil, timeout: .seconds(180))
        } throws: { ($0 as? FleetError)?.code == .denied }
        await caller.close()
        #expect(receiver.count == 0)
        try await receiver.stop()
    }

    @Test func noSecretIsShown() {
        #expect(HTTPCaller.shown("https://me:secret@host:1/a/b?token=secret#x") == "https://host:1/a/b")
        #expect(HTTPCaller.shown("http://host?token=a@b") == "http://host")
        #expect(HTTPCaller.shown("secret") == "the address")
    }
}
