import FleetCore
import Foundation
import HTTPServer
import Synchronization
import TestKit
import Testing

/// Requests with bodies, answers that take a while, events, and TLS.
@Suite struct ReplyTests {
    private func serving(
        stream: EventStream = EventStream(limit: 2), gate: Door = Door(), takesPosts: Bool = true,
        _ body: (HTTPServer) async throws -> Void
    ) async throws {
        let server = try await HTTPServer(host: "127.0.0.1", port: 0, takesPosts: takesPosts) { question in
            switch question.path {
            case "/echo":
                .text(
                    200,
                    "\(question.method) \(question.parameter("a") ?? "-") \(String(decoding: question.body, as: UTF8.self))"
                )
            case "/later":
                .later {
                    await gate.wait()
                    return .text(200, "at last")
                }
            case "/events": .events(stream, fields: [HTTPField("x-more", "yes")])
            default: nil
            }
        }
        do {
            try await body(server)
        } catch {
            gate.open()
            await server.close()
            throw error
        }
        gate.open()
        await server.close()
    }

    @Test func bodiesAreReadUpToABound() async throws {
        try await serving { server in
            let client = try RawClient(port: server.port)
            try client.send("POST /echo?a=b%20c&a=d HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello")
            #expect(try await client.hear(until: "POST b c hello\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
            let large = try RawClient(port: server.port)
            try large.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
            try? large.send(String(repeating: "y", count: HTTPServer.bodyLimit + 1))
            #expect(try await large.hearAll().hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func anAnswerMayTakeAWhile() async throws {
        let gate = Door()
        try await serving(gate: gate) { server in
            let slow = try RawClient(port: server.port)
            try slow.send("GET /later HTTP/1.1\r\nhost: x\r\n\r\nGET /echo HTTP/1.1\r\nhost: x\r\n\r\n")
            // Others do not wait for it.
            let quick = try RawClient(port: server.port)
            try quick.send("GET /echo HTTP/1.1\r\nhost: x\r\n\r\n")
            #expect(try await quick.hear(until: "GET - \n").contains("200 OK"))
            gate.open()
            // Answers come in the order of the questions.
            let answers = try await slow.hear(until: "GET - \n")
            #expect(answers.contains("at last\n") && answers.contains("200 OK"), "\(answers)")
        }
    }

    @Test func tooMuchAtOnceIsRefused() async throws {
        let gate = Door()
        try await serving(gate: gate) { server in
            var waiting: [RawClient] = []
            for _ in 0..<8 {
                let client = try RawClient(port: server.port)
                try client.send("GET /later HTTP/1.1\r\nhost: x\r\n\r\n")
                waiting.append(client)
            }
            try await eventually("the ninth is refused") {
                let client = try RawClient(port: server.port)
                try client.send("GET /later HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                return (try? await client.hearAll())?.hasPrefix("HTTP/1.1 503 ") == true
            }
            gate.open()
            for client in waiting { #expect(try await client.hear(until: "at last\n").contains("200 OK")) }
        }
    }

    @Test func eventsAreToldToAllWhoListen() async throws {
        let stream = EventStream(limit: 2)
        stream.send("news", Array("{\"n\":1}".utf8))
        try await serving(stream: stream) { server in
            let first = try RawClient(port: server.port)
            try first.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
            // What was told last is the first thing that is heard.
            let head = try await first.hear(until: "event: news\ndata: {\"n\":1}\n\n\r\n")
            #expect(head.contains("content-type: text/event-stream\r\n") && head.contains("x-more: yes\r\n"), "\(head)")
            let second = try RawClient(port: server.port)
            try second.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
            _ = try await second.hear(until: "{\"n\":1}\n\n\r\n")
            #expect(stream.count == 2)
            let third = try RawClient(port: server.port)
            try third.send("GET /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            #expect(try await third.hearAll().hasPrefix("HTTP/1.1 503 "))
            stream.send("news", Array("{\"n\":2}".utf8))
            #expect(try await first.hear(until: "{\"n\":2}\n\n\r\n").contains("event: news"))
            #expect(try await second.hear(until: "{\"n\":2}\n\n\r\n").contains("event: news"))
            second.close()
            try await eventually("who is gone makes room") { stream.count == 1 }
        }
    }

    /// Whoever listens for long comes back, and is asked anew who it is; who asks for the head alone gets that.
    @Test func nobodyListensForEver() async throws {
        let stream = EventStream(limit: 2, length: .milliseconds(200))
        try await serving(stream: stream) { server in
            let head = try RawClient(port: server.port)
            try head.send("HEAD /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            #expect(try await head.hearAll().contains("content-type: text/event-stream\r\n"))
            let client = try RawClient(port: server.port)
            try client.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
            #expect(try await client.hearAll().contains("retry: 2000"))
            try await eventually("its place is free") { stream.count == 0 }
        }
    }

    /// Who takes nothing is left behind, and closed: nothing of it is kept, and nobody waits.
    @Test func whoListensAndTakesNothingIsClosed() async throws {
        let stream = EventStream(limit: 2)
        try await serving(stream: stream) { server in
            let deaf = try RawClient(port: server.port)
            try deaf.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
            try await eventually("it listens") { stream.count == 1 }
            let event = [UInt8](repeating: UInt8(ascii: "z"), count: 1 << 20)
            try await eventually("it is closed") {
                stream.send("large", event)
                return stream.count == 0
            }
        }
    }

    @Test func aCertificateThatIsNoneIsTold() throws {
        let directory = try TemporaryDirectory()
        try "nonsense".write(toFile: directory.file("x"), atomically: true, encoding: .utf8)
        let error = #expect(throws: FleetError.self) {
            try ServerTLS(certificate: directory.file("x"), key: directory.file("x"))
        }
        #expect(error?.code == .invalidInput && error?.remedy != nil)
    }
}

/// What an answer waits behind until a test opens it.
private final class Door: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    func wait() async {
        while !isOpen.withLock({ $0 }), (try? await Task.sleep(for: .milliseconds(1))) != nil {}
    }
}
