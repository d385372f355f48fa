import AsyncHTTPClient
public import FleetCore
import Foundation
import NIOCore
import NIOHTTP1

/// Calls services over HTTP: one request, one answer, whatever that says. Connections are kept and shared by host.
///
/// It must be closed.
public final class HTTPCaller: Sendable {
    private let client: HTTPClient

    /// An answer's body may have so many bytes.
    public static let bodyLimit = ByteCount.mebibytes(1)

    /// - Parameters:
    ///   - connections: to one host, at once.
    ///   - allowsPrivateAddresses: whether what is called may be on this machine, this link or a private network.
    ///   - authorities: a file with the certificates (PEM) that a service's own must come from; the system's where it is `nil`.
    public init(connections: Int = 16, allowsPrivateAddresses: Bool = true, authorities: String? = nil) {
        var configuration = HTTPEndpoint.configuration(
            timeout: .seconds(10), connections: connections, allowsPrivateAddresses: allowsPrivateAddresses,
            authorities: authorities)
        // Each call has a deadline of its own.
        configuration.timeout.read = nil
        client = HTTPClient(configuration: configuration)
    }

    public func close() async {
        // It only fails where it is closed already.
        try? await client.shutdown()
    }

    /// Sends one request, once, and waits for the whole answer. Redirects are not followed.
    /// - Parameter timeout: from the call to the end of the answer.
    /// - Returns: the answer, with names of headers in lower case.
    /// - Throws: `FleetError`: `unknown-outcome` where the request may have arrived and no answer came, or none that can be
    ///   read; `cancelled` where the task was; everything else where nothing of the request was sent.
    public func call(
        method: String, url: String, headers: [(String, String)], body: [UInt8]?, timeout: Duration
    ) async throws -> (status: Int, headers: [(String, String)], body: [UInt8]) {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers = HTTPHeaders(headers)
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let deadline = NIODeadline.now() + .nanoseconds(timeout.wholeMicroseconds * 1000)
        let limit = Self.bodyLimit
        do {
            let response = try await client.execute(request, deadline: deadline)
            var bytes: [UInt8] = []
            for try await part in response.body {
                bytes += part.readableBytesView
                guard NIODeadline.now() < deadline else { throw HTTPClientError.deadlineExceeded }
                guard bytes.count <= limit.value else {
                    throw FleetError(
                        .unknownOutcome,
                        "\(Self.shown(url)) answered \(response.status.code) with more than \(limit.value) bytes")
                }
            }
            return (Int(response.status.code), response.headers.map { ($0.name.lowercased(), $0.value) }, bytes)
        } catch let error as FleetError {
            throw error
        } catch {
            throw HTTPFailure.error(ofCall: error, to: Self.shown(url), within: timeout)
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
}

extension FleetError.Code {
    /// A request may have arrived, and nobody knows what became of it.
    public static let unknownOutcome = FleetError.Code("unknown-outcome")
}
