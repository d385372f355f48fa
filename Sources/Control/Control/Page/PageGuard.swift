import Crypto
import FleetCore
import FleetFile
import Foundation
import HTTPServer
import Synchronization

/// Who may see a page, or signals, and who may act on it.
///
/// - Where a token is declared, whoever asks has it, in the field `Authorization` or as the cookie that signing in gave.
/// - Without one only this machine is answered, under one of its own names: another site's name that points here is refused.
/// - Whoever acts has read the page, and asks from it: another site's page in the same browser has not, and does not.
final class PageGuard: Sendable {
    private let token: SHA256.Digest?
    private let isSecure: Bool
    /// What the page sends with all that acts. Nobody knows it who cannot read the page.
    let pageToken = PageGuard.secret()
    /// When each session ends, by the digest of its secret.
    private let sessions = Mutex<[SHA256.Digest: ContinuousClock.Instant]>([:])

    static let sessionLength = Duration.seconds(12 * 3600)
    private static let sessionLimit = 64
    /// Browsers send a cookie to every port of a host: a page of another fleet has another name for it.
    private let cookieName: String
    /// What the page's own token is sent in.
    static let pageTokenField = "x-flotilla-page"

    init(_ serving: ServingDefinition) {
        token = serving.token.map { SHA256.hash(data: Data($0.utf8)) }
        isSecure = serving.tls != nil
        cookieName = "flotilla_session_\(serving.port)"
    }

    /// Nobody guesses it.
    private static func secret() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let word = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }

    var needsToken: Bool { token != nil }

    // MARK: Who asks

    /// Whether the question may be answered at all, whoever asks.
    func hostTrouble(_ question: HTTPQuestion) -> HTTPAnswer? {
        if token != nil { return nil }
        let host = Self.host(of: question.field("host") ?? "")
        return ServingDefinition.isLoopback(host)
            ? nil : .text(421, "this has another name here: it is on localhost alone")
    }

    private static func host(of text: String) -> String {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return String(text[..<end].dropFirst()) }
        return String(text.prefix { $0 != ":" })
    }

    /// Whether whoever asks is known.
    func knows(_ question: HTTPQuestion) -> Bool {
        token == nil || hasToken(question) || session(of: question) != nil
    }

    /// Whether the question has the token itself, as a program sends it.
    func hasToken(_ question: HTTPQuestion) -> Bool {
        guard let field = question.field("authorization") else { return false }
        let parts = field.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer" && isToken(String(parts[1]))
    }

    /// Digests are compared, in a time that says nothing.
    private func isToken(_ text: String) -> Bool {
        guard let token else { return false }
        return SHA256.hash(data: Data(text.utf8)) == token
    }

    private func session(of question: HTTPQuestion) -> SHA256.Digest? {
        let cookies = (question.field("cookie") ?? "").split(whereSeparator: { $0 == ";" || $0 == "," })
        for cookie in cookies {
            let parts = cookie.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == cookieName else { continue }
            let digest = SHA256.hash(data: Data(parts[1].utf8))
            let isOpen = sessions.withLock { $0[digest].map { $0 > .now } ?? false }
            if isOpen { return digest }
        }
        return nil
    }

    // MARK: Who acts

    /// Why a question may change nothing; `nil` where it may.
    func actTrouble(_ question: HTTPQuestion) -> HTTPAnswer? {
        // A browser sends no such field by itself, and no other site can have it sent.
        if token != nil, hasToken(question) { return nil }
        guard isFromOwnPage(question) else { return .text(403, "this was asked from another site's page") }
        guard let sent = question.field(Self.pageTokenField),
            SHA256.hash(data: Data(sent.utf8)) == SHA256.hash(data: Data(pageToken.utf8))
        else { return .text(403, "this was not asked from the page: load it again") }
        return nil
    }

    /// Whether a browser says that the page that asks is this one.
    func isFromOwnPage(_ question: HTTPQuestion) -> Bool {
        let site = question.field("sec-fetch-site")
        let origin = question.field("origin")
        if let site, site != "same-origin" { return false }
        if let origin { return origin == "\(isSecure ? "https" : "http")://\(question.field("host") ?? "")" }
        return site != nil
    }

    // MARK: Signing in

    /// - Returns: the field that gives the browser its cookie; `nil` where the token is wrong.
    func signIn(_ token: String) -> HTTPField? {
        guard isToken(token) else { return nil }
        let secret = Self.secret()
        let now = ContinuousClock.now
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value > now }
            if sessions.count >= Self.sessionLimit, let oldest = sessions.min(by: { $0.value < $1.value }) {
                sessions[oldest.key] = nil
            }
            sessions[SHA256.hash(data: Data(secret.utf8))] = now + Self.sessionLength
        }
        return cookie(secret, seconds: Int(Self.sessionLength.inSeconds))
    }

    /// - Returns: the field that takes the cookie back.
    func signOut(_ question: HTTPQuestion) -> HTTPField {
        if let session = session(of: question) { sessions.withLock { $0[session] = nil } }
        return cookie("", seconds: 0)
    }

    private func cookie(_ value: String, seconds: Int) -> HTTPField {
        HTTPField(
            "set-cookie",
            "\(cookieName)=\(value); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(seconds)\(isSecure ? "; Secure" : "")"
        )
    }
}
