import FleetCore
import FleetFile
import HTTPEndpoint
import OTLP

/// Sends to a collector over HTTP. Nothing of the headers, which may hold secrets, is ever told.
struct OTLPHTTPTransport: OTLPTransport {
    let name: String
    private let url: String
    private let headers: [(String, String)]
    private let caller: HTTPCaller

    init(_ collector: CollectorDefinition, version: String) {
        name = collector.name
        url = collector.url
        headers = collector.headers.map { ($0.name, $0.value) } + [("user-agent", "flotilla/\(version)")]
        caller = HTTPCaller(connections: 3, authorities: collector.authorities)
    }

    func post(_ body: [UInt8], to signal: OTLPSignal, contentType: String, within limit: Duration) async -> OTLPAnswer {
        do {
            let answer = try await caller.call(
                method: "POST", url: url + signal.path, headers: headers + [("content-type", contentType)], body: body,
                timeout: limit)
            let wait = answer.headers.first { $0.0 == "retry-after" }.flatMap { RetryAfter.wait($0.1, at: .now()) }
            return .answered(status: answer.status, retryAfter: wait, body: answer.body)
        } catch {
            let error = FleetError.wrapping(error)
            // Its path may be from a variable, and a secret.
            let message = error.message.replacing(url + signal.path, with: "it")
            return .unanswered(FleetError(error.code, message, underlying: error.underlying))
        }
    }

    func close() async { await caller.close() }
}
