import FleetCore
import HTTPReceiver
import Testing

@testable import HTTPEndpoint

/// What an answer means.
@Suite struct AnswerTests {
    @Test(arguments: [200, 201, 202, 204, 299])
    func aSuccessIsDelivered(_ status: Int) async throws {
        let (answer, _) = try await deliver { _ in .answer(status) }
        #expect(answer.isDelivered)
    }

    @Test(arguments: [301, 302, 307, 308, 400, 401, 404, 410, 413, 422])
    func whatIsNotWantedIsRefused(_ status: Int) async throws {
        let (answer, requests) = try await deliver { _ in
            .answer(status, headers: [("location", "http://127.0.0.1:1/")], body: "no\u{7} such\nthing")
        }
        let error = try #require(answer.refusal)
        #expect(error.description.contains("answered \(status)"))
        #expect(error.description.contains("no  such thing"))
        // Nobody followed a redirect.
        #expect(requests.count == 1)
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func whatMayPassIsForLater(_ status: Int) async throws {
        let (answer, _) = try await deliver { _ in .answer(status) }
        #expect(answer.later?.isRetriable == true)
        #expect(answer.wait == nil)
        #expect(answer.mayBeTheEvent == (status != 429))
    }

    @Test func retryAfterIsRead() async throws {
        let (answer, _) = try await deliver { _ in .answer(503, headers: [("Retry-After", "7")]) }
        #expect(answer.wait == .seconds(7))
    }

    @Test func retryAfterHasTwoFormsAndACap() throws {
        let now = Timestamp(microseconds: 784_111_770_000_000)
        #expect(RetryAfter.wait("7", at: now) == .seconds(7))
        #expect(RetryAfter.wait(" 7 ", at: now) == .seconds(7))
        #expect(RetryAfter.wait("99999999999999999999999", at: now) == RetryAfter.cap)
        #expect(RetryAfter.wait("86400", at: now) == RetryAfter.cap)
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", at: now) == .seconds(7))
        #expect(RetryAfter.wait("Sun, 06 Nov 1984 08:49:37 GMT", at: now) == .zero)
        #expect(RetryAfter.wait("Fri, 06 Nov 2094 08:49:37 GMT", at: now) == RetryAfter.cap)
        for wrong in ["", "-1", "soon", "1.5", "Sun, 06 Nov", "٣"] {
            #expect(RetryAfter.wait(wrong, at: now) == nil, "\(wrong)")
        }
        #expect(RetryAfter.wait(nil, at: now) == nil)
    }
}
