import Endpoints
import FleetCore
import HTTPReceiver
import Synchronization
import TestKit
import Testing

@testable import HTTPEndpoint

/// How connections are kept, shared, and let go of.
@Suite struct ConnectionTests {
    private func endpoint(
        _ receiver: HTTPReceiver, host: String = "127.0.0.1", connections: Int = 16, timeout: Duration = .seconds(180)
    ) -> HTTPEndpoint {
        let url = "http://\(host):\(receiver.port)/"
        return HTTPEndpoint(.init(url: url, name: url, timeout: timeout, connections: connections))
    }

    @Test(arguments: [
        HTTPReceiver.Reaction.answer(204), .answer(200, body: "thanks"),
        .speak("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nthanks\r\n0\r\n\r\n"),
        .speak("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Yes\r\nContent-Length: 0\r\n\r\n"),
    ])
    func aConnectionServesAgain(_ reaction: HTTPReceiver.Reaction) async throws {
        let receiver = try await HTTPReceiver { _ in reaction }
        let endpoint = endpoint(receiver)
        for number in 0..<20 { #expect(await endpoint.deliver(event(UInt64(number))).isDelivered) }
        #expect(receiver.count == 20)
        #expect(receiver.connectionCount == 1)
        await endpoint.close()
        try await receiver.stop()
    }

    @Test(arguments: [
        HTTPReceiver.Reaction.answer(204, headers: [("Connection", "close")]),
        .speak("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), .write("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        // More than was asked for.
        .speak("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
    ])
    func aConnectionThatEndsIsNotUsedAgain(_ reaction: HTTPReceiver.Reaction) async throws {
        let receiver = try await HTTPReceiver { _ in reaction }
        let endpoint = endpoint(receiver)
        for number in 0..<5 { #expect(await endpoint.deliver(event(UInt64(number))).isDelivered) }
        #expect(receiver.count == 5)
        #expect(receiver.connectionCount == 5)
        await endpoint.close()
        try await receiver.stop()
    }

    /// A server may close a connection that rests at the moment in which it is used: it has not seen the request, most likely.
    @Test func whatMeetsAnEndedConnectionIsSentAnew() async throws {
        let number = Mutex(0)
        let receiver = try await HTTPReceiver { _ in
            number.withLock { number in
                number += 1
                return number == 2 ? .close : .answer(204)
            }
        }
        let endpoint = endpoint(receiver)
        #expect(await endpoint.deliver(event(1)).isDelivered)
        #expect(await endpoint.deliver(event(2)).isDelivered)
        #expect(receiver.count == 3)
        #expect(receiver.connectionCount == 2)
        await endpoint.close()
        try await receiver.stop()
    }

    /// Where something of an answer came, or the connection was new, nobody knows.
    @Test func nothingElseIsSentAnew() async throws {
        let (new, requests) = try await deliver { _ in .close }
        #expect(new.later != nil)
        #expect(requests.count == 1)
        let number = Mutex(0)
        let receiver = try await HTTPReceiver { _ in
            number.withLock { number in
                number += 1
                return number == 1 ? .answer(204) : .write("HTTP/1.1 2")
            }
        }
        let endpoint = endpoint(receiver)
        #expect(await endpoint.deliver(event(1)).isDelivered)
        let answer = await endpoint.deliver(event(2))
        #expect(answer.later?.message.contains("closed the connection") == true, "\(answer)")
        #expect(receiver.count == 2)
        await endpoint.close()
        try await receiver.stop()
    }

    @Test func manyShareTheConnections() async throws {
        let receiver = try await HTTPReceiver()
        let endpoint = endpoint(receiver, connections: 4)
        let count = 500
        let answered = Mutex([Int](repeating: 0, count: count))
        endpoint.deliver((0..<count).map { event(UInt64($0)) }) { index, answer in
            if answer.isDelivered { answered.withLock { $0[index] += 1 } }
        }
        try await eventually("all are delivered, once each") { answered.withLock { $0.allSatisfy { $0 == 1 } } }
        #expect(receiver.count == count)
        #expect(receiver.connectionCount <= 4)
        await endpoint.close()
        try await receiver.stop()
    }

    @Test func closingEndsWhatIsUnderWay() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let endpoint = endpoint(receiver, connections: 2)
        let answers = Mutex<[DeliveryAnswer]>([])
        endpoint.deliver((0..<5).map { event(UInt64($0)) }) { _, answer in answers.withLock { $0.append(answer) } }
        try await eventually("two are there") { receiver.count == 2 }
        await endpoint.close()
        try await eventually("all are answered") { answers.withLock { $0.count == 5 } }
        #expect(answers.withLock { $0.allSatisfy { $0.later != nil } })
        try await receiver.stop()
    }

    /// One that hangs takes its own connection with it, and waits in nobody's way.
    @Test func whatWaitsForAConnectionIsGivenUpInTime() async throws {
        let receiver = try await HTTPReceiver { _ in .hang }
        let endpoint = endpoint(receiver, connections: 1, timeout: .milliseconds(300))
        let answers = Mutex<[DeliveryAnswer]>([])
        endpoint.deliver((0..<3).map { event(UInt64($0)) }) { _, answer in answers.withLock { $0.append(answer) } }
        try await eventually("all are given up") { answers.withLock { $0.count == 3 } }
        #expect(answers.withLock { $0.allSatisfy { $0.later?.message.contains("did not answer") == true } })
        await endpoint.close()
        try await receiver.stop()
    }

    @Test func addressesOfSixteenBytesAreAddresses() async throws {
        let receiver = try await HTTPReceiver(host: "::1")
        let endpoint = endpoint(receiver, host: "[::1]")
        #expect(await endpoint.deliver(event()).isDelivered)
        #expect(receiver.requests.first?["host"] == "[::1]:\(receiver.port)")
        await endpoint.close()
        try await receiver.stop()
    }
}
