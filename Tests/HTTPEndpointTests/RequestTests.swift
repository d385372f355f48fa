import FleetCore
import HTTPReceiver
import Testing
import Wire

@testable import HTTPEndpoint

/// What is sent.
@Suite struct RequestTests {
    @Test func anEventIsACloudEventInBinaryMode() async throws {
        let (answer, requests) = try await deliver { _ in .answer(204) }
        #expect(answer.isDelivered)
        let request = try #require(requests.first)
        #expect(request.path == "/events")
        #expect(request.body == #"{"total":12}"#)
        #expect(request["ce-specversion"] == "1.0")
        #expect(request["ce-id"] == event().id.description)
        #expect(request["ce-source"] == "/shop/orders")
        #expect(request["ce-type"] == "OrderPlaced")
        #expect(request["ce-subject"] == "o-1")
        #expect(request["ce-partitionkey"] == "o-1")
        #expect(request["ce-time"] == event().time.description)
        #expect(request["content-type"] == "application/json")
        #expect(request["webhook-id"] == event().id.description)
        #expect(request["webhook-signature"] == nil)
    }

    @Test func aSecretSigns() async throws {
        let secret = try WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let (_, requests) = try await deliver(secret: secret) { _ in .answer(200, body: "thanks") }
        let request = try #require(requests.first)
        let time = try #require(request["webhook-timestamp"])
        let expected = WebhookSignature(secret).value(
            id: event().id.description, time: time, body: Array(request.body.utf8))
        #expect(request["webhook-signature"] == expected)
        #expect(abs(try #require(Double(time)) - Double(Timestamp.now().microseconds) / 1_000_000) < 60)
    }

    /// CloudEvents, HTTP protocol binding, 3.1.3.2.
    @Test func whatAHeaderCannotHoldIsPercentEncoded() async throws {
        let (_, requests) = try await deliver(event(key: "Zürich 5\" 100%\r\nx: y")) { _ in .answer(204) }
        #expect(requests.first?["ce-subject"] == "Z%C3%BCrich%205%22%20100%25%0D%0Ax:%20y")
        #expect(requests.first?["x"] == nil)
    }

    @Test func aWriterHasNoSayInTheTransport() async throws {
        let own =
            #"{"Host":"evil","Content-Length":"1","webhook-id":"no","ce-id":"no","ce_tenant":"t 1","X-Trace":"a b","content-type":"text/plain; charset=utf-8","bad name":"x"}"#
        let (answer, requests) = try await deliver(event(headers: own)) { _ in .answer(204) }
        #expect(answer.isDelivered)
        let request = try #require(requests.first)
        #expect(request["host"]?.hasPrefix("127.0.0.1") == true)
        #expect(request["content-length"] == "12")
        #expect(request["webhook-id"] == event().id.description)
        #expect(request["ce-id"] == event().id.description)
        #expect(request["ce-tenant"] == "t%201")
        #expect(request["x-trace"] == "a b")
        #expect(request["content-type"] == "text/plain; charset=utf-8")
        #expect(request["bad name"] == nil)
    }

    @Test func anEventWithoutDataHasNoBodyAndNoContentType() async throws {
        let (_, requests) = try await deliver(event(payload: "", contentType: Event.noContentType)) { _ in .answer(204)
        }
        #expect(requests.first?.body == "")
        #expect(requests.first?["content-type"] == nil)
    }
}
