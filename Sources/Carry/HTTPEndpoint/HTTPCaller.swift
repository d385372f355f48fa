public import FleetCore
import Foundation
import NIOCore
import Synchronization
import Wire

/// Calls services over HTTP: one request, one answer, whatever that says. Connections are kept and shared by host.
///
/// It must be closed.
public final class HTTPCaller: Sendable {
    private struct State {
        var lines: [HTTPAddress.Origin: HTTPLine] = [:]
        var isClosed = false
        var nextNumber = 0
    }

    private let settings: HTTPLine.Settings
    private let state = Mutex(State())

    /// An answer's body may have so many bytes.
    public static let bodyLimit = ByteCount.mebibytes(1)

    /// - Parameters:
    ///   - connections: to one host, at once.
    ///   - allowsPrivateAddresses: whether what is called may be on this machine, this link or a private network.
    ///   - authorities: a file with the certificates (PEM) that a service's own must come from; the system's where it is `nil`.
    public init(connections: Int = 16, allowsPrivateAddresses: Bool = true, authorities: String? = nil) {
        // Nothing is sent twice, so no connection is kept for as long as servers wait before they close one.
        settings = HTTPLine.Settings(
            connections: connections, connectTimeout: .seconds(10), idleLimit: .seconds(1),
            allowsPrivateAddresses: allowsPrivateAddresses, authorities: authorities)
    }

    public func close() async {
        let lines = state.withLock { state in
            state.isClosed = true
            defer { state.lines = [:] }
            return state.lines.values
        }
        for line in lines { await line.close() }
    }

    /// Sends one request, once, and waits for the whole answer. Redirects are not followed.
    /// - Parameter timeout: from the call to the end of the answer.
    /// - Returns: the answer, with names of headers in lower case.
    /// - Throws: `FleetError`: `unknown-outcome` where the request may have arrived and no answer came, or none that can be
    ///   read; `cancelled` where the task was; everything else where nothing of the request was sent.
    public func call(
        method: String, url: String, headers: [(String, String)], body: [UInt8]?, timeout: Duration
    ) async throws -> (status: Int, headers: [(String, String)], body: [UInt8]) {
        let shown = Self.shown(url)
        guard let address = HTTPAddress(url) else {
            throw FleetError(
                .invalidInput, "\(shown) is no URL of HTTP",
                remedy: "write http://HOST:PORT/PATH, without user or blank")
        }
        guard Self.isToken(method), headers.allSatisfy({ Self.isToken($0.0) && Self.isValue($0.1) }) else {
            throw FleetError(
                .invalidInput, "the method or a header of a call to \(shown) cannot be sent",
                remedy: "write names of letters and digits, and values on one line")
        }
        var fields = RequestFields()
        for (name, value) in headers where !Self.transport.contains(name.lowercased()) { fields.add(name, value) }
        let bytes = RequestText(method: method, address, saysLength: body != nil).bytes(fields, body: body ?? [])
        let demand = AnswerDemand(
            isWithoutBody: method == "HEAD", keepsHeader: true, keptBody: Self.bodyLimit, longestBody: Self.bodyLimit)
        let deadline = NIODeadline.now() + timeout.timeAmount
        let (line, number) = try line(to: address.origin)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                line.submit(
                    HTTPCall(
                        number: number, bytes: bytes, demand: demand, deadline: deadline,
                        mayBeRepeated: false
                    ) { continuation.resume(returning: $0) })
                // Whoever was cancelled before it was sent has found nothing to cancel.
                if Task.isCancelled { line.cancel(number) }
            }
        } onCancel: {
            line.cancel(number)
        }
        switch result {
        case .success(let answer) where answer.isCut:
            throw FleetError(
                .unknownOutcome,
                "\(shown) answered \(answer.status), and its answer did not end within \(timeout.inSeconds) s or"
                    + " \(Self.bodyLimit.value) bytes")
        case .success(let answer): return (answer.status, answer.headers, answer.body)
        case .failure(let failure): throw HTTPFailure.error(ofCall: failure, to: shown, within: timeout)
        }
    }

    private func line(to origin: HTTPAddress.Origin) throws -> (HTTPLine, Int) {
        try state.withLock { state in
            if state.isClosed { throw FleetError(.cancelled, "the work is ending") }
            let line = state.lines[origin] ?? HTTPLine(to: origin, settings)
            state.lines[origin] = line
            state.nextNumber += 1
            return (line, state.nextNumber)
        }
    }

    /// What may be shown of an address: neither a user's name and password nor a query.
    static func shown(_ url: String) -> String {
        guard let scheme = url.range(of: "://") else { return "the address" }
        let rest = url[scheme.upperBound...].prefix { !"?#".contains($0) }
        let authority = rest.prefix { $0 != "/" }
        let host = authority.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return String(url[..<scheme.upperBound]) + host
    }

    /// What this module says itself.
    private static let transport: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade",
    ]

    private static func isToken(_ name: String) -> Bool { !name.isEmpty && name.utf8.allSatisfy(AnswerHeader.isName) }

    private static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

extension FleetError.Code {
    /// A request may have arrived, and nobody knows what became of it.
    public static let unknownOutcome = FleetError.Code("unknown-outcome")
}
