import FleetCore
import NIOCore
import TestKit
import Testing

@testable import HTTPEndpoint

/// What is read out of the bytes of a connection, however they come.
@Suite struct AnswerReaderTests {
    private func reader(isWithoutBody: Bool = false, longest: Int64 = 1000) -> AnswerReader {
        AnswerReader(
            AnswerDemand(
                isWithoutBody: isWithoutBody, keepsHeader: true, keptBody: ByteCount(100),
                longestBody: ByteCount(Int(longest))))
    }

    /// Reads a text in pieces of a size.
    private func read(_ text: String, by size: Int, _ reader: AnswerReader? = nil) throws -> (AnswerReader, Int) {
        var reader = reader ?? self.reader()
        var (unread, left) = (ByteBuffer(), Array(text.utf8)[...])
        while !left.isEmpty {
            unread.writeBytes(left.prefix(size))
            left = left.dropFirst(size)
            try reader.read(&unread)
        }
        return (reader, unread.readableBytes)
    }

    @Test(arguments: [
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\nConnection: Close\r\n\r\nhello", 200, "hello", false),
        ("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, "hello", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", 200, "hello", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, "hello",
            true
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA \r\n0123456789\r\n0\r\nX: y\r\n\r\n", 200,
            "0123456789", true
        ),
        // Two lengths: the chunks count, and nobody else uses the connection.
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", false),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nx: y\r\n\r\nHTTP/1.1 304 N\r\n\r\n", 304, "", true),
        ("HTTP/1.1 204 X\r\nContent-Length: 7\r\n\r\n", 204, "", true),
    ])
    func anAnswerIsRead(_ text: String, _ status: Int, _ body: String, _ staysOpen: Bool) throws {
        for size in [1, 2, 3, 7, text.utf8.count] {
            let (reader, left) = try read(text, by: size)
            #expect(reader.isDone && left == 0, "\(size)")
            #expect(reader.answer?.status == status)
            #expect(reader.answer.map { String(decoding: $0.body, as: UTF8.self) } == body)
            #expect(reader.answer?.isCut == false)
            #expect(reader.staysOpen == staysOpen)
        }
    }

    @Test func fieldsAreRead() throws {
        let (reader, _) = try read(
            "HTTP/1.1 503 Not now\r\nRetry-After:\t 7 \r\nX:\r\nA: b:c\r\nContent-Length: 0\r\n\r\n", by: 4)
        let answer = try #require(reader.answer)
        #expect(answer.reason == "Not now")
        #expect(answer.header("retry-after") == "7")
        #expect(answer.header("x")?.isEmpty == true)
        #expect(answer.header("a") == "b:c")
        #expect(answer.headers.count == 4)
    }

    @Test func aBodyMayEndWithTheConnection() throws {
        for (isEnd, isCut) in [(true, false), (false, true)] {
            var (reader, _) = try read("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nhello", by: 5)
            #expect(!reader.isDone && !reader.staysOpen)
            #expect(reader.end(isEndOfConnection: isEnd)?.isCut == isCut)
        }
        var (broken, _) = try read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", by: 5)
        #expect(broken.end(isEndOfConnection: true)?.isCut == true)
        var (silent, _) = try read("HTTP/1.1 200 OK\r\nContent-", by: 5)
        #expect(silent.end(isEndOfConnection: true) == nil)
    }

    @Test func whatFollowsIsLeft() throws {
        let (reader, left) = try read("HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", by: 1000)
        #expect(reader.isDone)
        #expect(left == 19)
        let (head, _) = try read(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", by: 9, self.reader(isWithoutBody: true))
        #expect(head.isDone && head.staysOpen)
    }

    @Test(arguments: ["Content-Length: 2000\r\n\r\n", "\r\n", "Transfer-Encoding: chunked\r\n\r\n7d0\r\n"])
    func aLongBodyIsCut(_ rest: String) throws {
        let text = "HTTP/1.1 200 OK\r\n" + rest + String(repeating: "x", count: 2000)
        for size in [1, 64, 4096] {
            let (reader, _) = try read(text, by: size)
            #expect(reader.isDone && !reader.staysOpen)
            #expect(reader.answer?.isCut == true)
            #expect(reader.answer?.body.count == 100)
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\u{15}\u{3}\u{1}", "H2", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    ])
    func whatIsNoAnswerIsRefused(_ text: String) {
        for size in [1, 3, 1000] {
            #expect(throws: AnswerReader.Garbage.self, "\(size)") { try read(text, by: size) }
        }
    }

    @Test func nothingGrowsWithoutEnd() {
        let endless = String(repeating: "x: y\r\n", count: 20_000)
        #expect(throws: AnswerReader.Garbage.self) { try read("HTTP/1.1 200 OK\r\n" + endless, by: 1024) }
        let trailer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + endless
        #expect(throws: AnswerReader.Garbage.self) { try read(trailer, by: 1024) }
        let size = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 9000)
        #expect(throws: AnswerReader.Garbage.self) { try read(size, by: 1024) }
    }

    /// Whatever comes is read or refused, and costs no more than it is long.
    @Test func noiseDoesNoHarm() async {
        var random = RandomSource(for: "noise as an answer")
        let parts = [
            "HTTP/1.1 200 OK", "\r\n", "\n", "Content-Length: ", "7", "Transfer-Encoding: chunked", "0", "f", ":", " ",
            "x", "\u{0}",
        ]
        for round in 0..<3000 {
            if round % 100 == 0 { await Task.yield() }
            let text = "HTTP/1.1 200 OK\r\n" + (0..<12).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            guard var (reader, _) = try? read(text, by: Int.random(in: 1...20, using: &random)) else { continue }
            _ = reader.end(isEndOfConnection: true)
            #expect(reader.isDone)
        }
    }
}
