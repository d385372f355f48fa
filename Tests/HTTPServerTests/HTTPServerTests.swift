import FleetCore
import Foundation
import HTTPServer
import TestKit
import Testing

@Suite struct HTTPServerTests {
    private func serving(
        _ body: (HTTPServer) async throws -> Void
    ) async throws {
        let server = try await HTTPServer(host: "127.0.0.1", port: 0) { question in
            switch question.path {
            case "/hello": .text(200, "hello, \(question.accept ?? "you")")
            case "/large": .text(200, String(repeating: "x", count: 8 << 20))
            default: nil
            }
        }
        do {
            try await body(server)
        } catch {
            await server.close()
            throw error
        }
        await server.close()
    }

    @Test func itAnswers() async throws {
        try await serving { server in
            let client = try RawClient(port: server.port)
            try client.send("GET /hello?x=1 HTTP/1.1\r\nhost: x\r\naccept: a\r\naccept: b\r\n\r\n")
            #expect(try await client.hear(until: "hello, a,b\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
            // On the same connection.
            try client.send("GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n")
            #expect(try await client.hear(until: "nothing here\n").hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            try client.send("POST /hello HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
            let refused = try await client.hear(until: "here\n")
            #expect(refused.hasPrefix("HTTP/1.1 405 ") && refused.contains("allow: GET, HEAD\r\n"), "\(refused)")
            try client.send("HEAD /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            let head = try await client.hearAll()
            #expect(head.contains("content-length: 11\r\n") && head.hasSuffix("\r\n\r\n"), "\(head)")
        }
    }

    @Test func nonsenseIsRefused() async throws {
        try await serving { server in
            for nonsense in [
                "\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\0",
            ] {
                let client = try RawClient(port: server.port)
                try client.send(nonsense + "\r\n\r\n")
                let answer = try await client.hearAll()
                #expect(
                    answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 ") || answer.hasPrefix("HTTP/1.0 400 "),
                    "\(answer)")
            }
            let client = try RawClient(port: server.port)
            try client.send("GET /hello HTTP/1.1\r\nhost: x\r\nlong: \(String(repeating: "y", count: 1 << 20))\r\n\r\n")
            #expect(try await !client.hearAll().contains("hello"))
        }
    }

    /// Those that ask slowly, or nothing, are in nobody's way, however many they are: the one that has asked nothing for the
    /// longest time makes room.
    @Test func silentClientsAreInNobodysWay() async throws {
        try await serving { server in
            var slow: [RawClient] = []
            for number in 0..<(3 * HTTPServer.connectionLimit) {
                let client = try RawClient(port: server.port)
                if number % 2 == 0 { try client.send("GET /hel") }
                slow.append(client)
            }
            let client = try RawClient(port: server.port)
            for _ in 0..<2 {
                try client.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
                #expect(try await client.hear(until: "hello, you\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
            #expect(try await slow[0].hearAll() == "")
        }
    }

    /// Those that take nothing of what they asked for have it still; more of them than there is room for are closed.
    @Test func clientsThatTakeNothingAreBounded() async throws {
        try await serving { server in
            var deaf: [RawClient] = []
            for _ in 0..<(HTTPServer.connectionLimit - 1) {
                let client = try RawClient(port: server.port)
                try client.send("GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
                deaf.append(client)
            }
            try await eventually("all are answered") {
                deaf.allSatisfy { $0.hasSomething }
            }
            let client = try RawClient(port: server.port)
            try client.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
            #expect(try await client.hear(until: "hello, you\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
            try client.send("GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
            try await eventually("it is answered as well") { client.hasSomething }
            try await eventually("one too many is closed") {
                let surplus = try RawClient(port: server.port)
                // A connection that is closed may have been reset before anything was sent.
                try? surplus.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
                return try await surplus.isTurnedAway()
            }
            withExtendedLifetime(deaf) {}
        }
    }

    @Test func aPortThatIsTakenIsTold() async throws {
        try await serving { server in
            let port = server.port
            let error = await #expect(throws: FleetError.self) {
                _ = try await HTTPServer(host: "127.0.0.1", port: port) { _ in nil }
            }
            #expect(
                error?.code == .busy && error?.message.contains("127.0.0.1:\(port)") == true,
                "\(String(describing: error))")
        }
        let error = await #expect(throws: FleetError.self) {
            _ = try await HTTPServer(host: "no.such.host.invalid", port: 0) { _ in nil }
        }
        #expect(error?.code == .invalidInput, "\(String(describing: error))")
    }
}
