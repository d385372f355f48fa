import FleetFile
import HTTPServer
import Testing

@testable import Control

/// Whom the page knows, and what may act.
@Suite struct PageGuardTests {
    private static let token = "0123456789abcdef"
    private static let open = ServingDefinition(host: "127.0.0.1", port: 7070)
    private static let closed = ServingDefinition(host: "127.0.0.1", port: 7070, token: token)

    private func question(_ fields: [String: String]) -> HTTPQuestion {
        HTTPQuestion(method: "POST", path: "/", fields: fields.map { HTTPField($0.key, $0.value) })
    }

    @Test func whoIsKnown() throws {
        let guardian = PageGuard(Self.closed)
        for field in [
            [:], ["authorization": "Bearer"], ["authorization": "Bearer x"], ["authorization": Self.token],
            ["authorization": "Basic \(Self.token)"], ["cookie": "flotilla_session_7070="],
            ["cookie": "flotilla_session_7070=\(Self.token)"],
        ] { #expect(!guardian.knows(question(field)), "\(field)") }
        #expect(guardian.knows(question(["authorization": "Bearer \(Self.token)"])))
        #expect(guardian.knows(question(["Authorization": "bearer \(Self.token)"])))
        #expect(guardian.signIn("wrong") == nil && guardian.signIn("") == nil)
        let cookie = try #require(guardian.signIn(Self.token)).value
        #expect(cookie.contains("; HttpOnly; SameSite=Strict; ") && !cookie.contains(Self.token))
        let session = String(cookie.prefix { $0 != ";" })
        let signedIn = question(["cookie": "other=1; \(session); more=2"])
        #expect(guardian.knows(signedIn))
        _ = guardian.signOut(signedIn)
        #expect(!guardian.knows(signedIn))
    }

    /// A browser that is signed in to two fleets of one machine stays so.
    @Test func twoPagesOfAMachineKeepTheirSessionsApart() throws {
        let (first, second) = (
            PageGuard(Self.closed), PageGuard(ServingDefinition(host: "127.0.0.1", port: 7071, token: Self.token))
        )
        let cookies = try [first, second].map { try #require($0.signIn(Self.token)).value.prefix { $0 != ";" } }
        #expect(Set(cookies.map { $0.prefix { $0 != "=" } }).count == 2, "\(cookies)")
        let both = question(["cookie": cookies.joined(separator: "; ")])
        #expect(first.knows(both) && second.knows(both))
    }

    @Test func sessionsAreBounded() throws {
        let guardian = PageGuard(Self.closed)
        var first: String?
        for _ in 0..<65 {
            let cookie = try #require(guardian.signIn(Self.token)).value
            first = first ?? String(cookie.prefix { $0 != ";" })
        }
        #expect(!guardian.knows(question(["cookie": try #require(first)])))
    }

    @Test(arguments: [
        ("127.0.0.1:7070", true), ("localhost", true), ("[::1]:7070", true), ("127.9.9.9", true), ("", false),
        ("evil.example:7070", false), ("localhost.evil.example", false), ("127.0.0.1.evil.example", false),
        ("[::2]", false), ("0.0.0.0", false),
    ])
    func theNameOfALoopbackPage(_ host: String, _ isOwn: Bool) {
        #expect((PageGuard(Self.open).hostTrouble(question(["host": host])) == nil) == isOwn)
        #expect(PageGuard(Self.closed).hostTrouble(question(["host": host])) == nil)
    }

    @Test func whoActsComesFromThePage() {
        let guardian = PageGuard(Self.open)
        let host = ["host": "127.0.0.1:7070"]
        let own = ["x-flotilla-page": guardian.pageToken, "origin": "http://127.0.0.1:7070"]
        #expect(guardian.actTrouble(question(host.merging(own) { $1 })) == nil)
        for wrong in [
            ["x-flotilla-page": ""], ["x-flotilla-page": PageGuard(Self.open).pageToken],
            ["origin": "http://127.0.0.1:7071"],
            ["origin": "https://127.0.0.1:7070"], ["origin": "null"], ["sec-fetch-site": "cross-site"],
            ["sec-fetch-site": "same-site"], ["sec-fetch-site": "none"],
            // The token of another server says nothing here.
            ["authorization": "Bearer \(Self.token)", "origin": "http://evil.example"],
        ] { #expect(guardian.actTrouble(question(host.merging(own) { $1 }.merging(wrong) { $1 })) != nil, "\(wrong)") }
        // A browser that says nothing of where it comes from is none that is known.
        #expect(guardian.actTrouble(question(["x-flotilla-page": guardian.pageToken])) != nil)
    }
}
