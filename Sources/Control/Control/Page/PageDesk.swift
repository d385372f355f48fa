import FleetCore
import FleetFile
import Foundation
import HTTPServer
import Logging
import Overview
import Page
import Signals
import Synchronization

/// What the page's server answers.
final class PageDesk: Sendable {
    let fleet: FleetDefinition
    let guardian: PageGuard
    let board: OverviewBoard
    let registry: SignalRegistry
    let health: FleetHealth
    let statements: StatementBoard
    /// Who makes spans of what operators ask for; `nil` where nobody does.
    let tracing: FleetTracing?
    /// The traces that were kept last; `nil` where none are made.
    let traces: TraceBoard?
    let logger: Logger

    init(
        _ fleet: FleetDefinition, _ serving: ServingDefinition, board: OverviewBoard, registry: SignalRegistry,
        health: FleetHealth, statements: StatementBoard, tracing: FleetTracing?, traces: TraceBoard?, logger: Logger
    ) {
        self.fleet = fleet
        guardian = PageGuard(serving)
        self.board = board
        self.registry = registry
        self.health = health
        self.statements = statements
        self.tracing = tracing
        self.traces = traces
        self.logger = logger
    }

    /// Nothing from elsewhere, nothing inline, in nobody's frame.
    private static let policy = [
        HTTPField(
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
        HTTPField("referrer-policy", "same-origin"), HTTPField("x-frame-options", "DENY"),
        HTTPField("cross-origin-opener-policy", "same-origin"),
        HTTPField("cross-origin-resource-policy", "same-origin"),
    ]

    func reply(to question: HTTPQuestion) -> HTTPReply? {
        guard let reply = route(question) else { return nil }
        switch reply {
        case .answer(let answer): return .answer(Self.secured(answer))
        case .later(let work): return .later { Self.secured(await work()) }
        case .events(let stream, let fields): return .events(stream, fields: fields + Self.policy)
        }
    }

    private static func secured(_ answer: HTTPAnswer) -> HTTPAnswer {
        var answer = answer
        answer.fields += policy
        return answer
    }

    private func route(_ question: HTTPQuestion) -> HTTPReply? {
        if question.path == "/healthz" { return .answer(health.livenessAnswer) }
        if let trouble = guardian.hostTrouble(question) { return .answer(trouble) }
        if question.method == "POST" { return post(question) }
        // What everybody may read: it says nothing of the fleet.
        switch question.path {
        case "/page.css": return .answer(Self.asset(PageAssets.style, "text/css; charset=utf-8"))
        case "/page.js": return .answer(Self.asset(PageAssets.script, "text/javascript; charset=utf-8"))
        case "/icon.svg": return .answer(Self.asset(PageAssets.icon, "image/svg+xml"))
        default: break
        }
        guard guardian.knows(question) else { return .answer(unknown(question)) }
        switch question.path {
        case "/": return .answer(front(question))
        case "/readyz": return .answer(health.readinessAnswer)
        case "/api/overview": return .answer(board.answer)
        case "/api/stream": return .events(board.stream)
        case "/api/history": return .answer(history(question))
        case "/api/signals": return .answer(signals(question))
        case "/api/statements": return .answer(statements(question))
        case "/api/traces": return .answer(traces(question))
        case "/api/trace": return .answer(trace(question))
        case "/api/parked": return .later { await self.parked() }
        case "/api/sagas", "/api/saga", "/api/flows", "/api/flow": return coordination(question)
        default: return nil
        }
    }

    private static func asset(_ bytes: [UInt8], _ type: String) -> HTTPAnswer {
        HTTPAnswer(contentType: type, body: bytes)
    }

    // MARK: Signing in

    private func front(_ question: HTTPQuestion) -> HTTPAnswer {
        HTTPAnswer(
            contentType: "text/html; charset=utf-8",
            body: PageAssets.front(
                fleet: fleet.name.text, pageToken: guardian.pageToken, isSignedIn: guardian.needsToken))
    }

    private func unknown(_ question: HTTPQuestion) -> HTTPAnswer {
        guard question.path == "/" else {
            var answer = Self.failure(401, "the token is missing or wrong", "send it: Authorization: Bearer TOKEN")
            answer.fields.append(HTTPField("www-authenticate", "Bearer realm=\"flotilla\""))
            return answer
        }
        return HTTPAnswer(
            status: 401, contentType: "text/html; charset=utf-8", body: PageAssets.signIn(isWrong: false))
    }

    private func post(_ question: HTTPQuestion) -> HTTPReply? {
        if question.path == "/sign-in", guardian.needsToken {
            guard guardian.isFromOwnPage(question) else {
                return .text(403, "this was asked from another site's page")
            }
            let token = HTTPForm.value(of: "token", in: String(decoding: question.body, as: UTF8.self)) ?? ""
            guard let cookie = guardian.signIn(token) else {
                logger.warning("somebody tried to sign in to the page with a wrong token")
                return .answer(
                    HTTPAnswer(
                        status: 401, contentType: "text/html; charset=utf-8", body: PageAssets.signIn(isWrong: true)))
            }
            var answer = HTTPAnswer.text(303, "signed in")
            answer.fields = [cookie, HTTPField("location", "/")]
            return .answer(answer)
        }
        guard guardian.knows(question) else { return .answer(unknown(question)) }
        if let trouble = guardian.actTrouble(question) { return .answer(trouble) }
        switch question.path {
        case "/sign-out":
            var answer = HTTPAnswer.text(200, "signed out")
            answer.fields = [guardian.signOut(question)]
            return .answer(answer)
        case "/api/parked/retry": return .later { await self.settle(question, isRetry: true) }
        case "/api/parked/discard": return .later { await self.settle(question, isRetry: false) }
        default: return nil
        }
    }

    // MARK: JSON

    static func json(_ value: some Encodable, status: Int = 200) -> HTTPAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        // Texts and numbers alone always encode.
        let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
        return HTTPAnswer(status: status, contentType: "application/json", body: Array(data))
    }

    static func failure(_ status: Int, _ message: String, _ remedy: String?) -> HTTPAnswer {
        json(["error": message, "remedy": remedy ?? ""], status: status)
    }

    static func failure(_ error: any Error) -> HTTPAnswer {
        let error = FleetError.wrapping(error)
        let status = error.code == .invalidInput ? 404 : 503
        return failure(status, error.message, error.remedy ?? error.underlying)
    }
}
