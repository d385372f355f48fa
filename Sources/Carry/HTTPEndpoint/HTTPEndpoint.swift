import AsyncHTTPClient
public import Endpoints
public import FleetCore
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
public import Wire

/// Delivers events over HTTP: `POST`, CloudEvents in binary mode, signed after Standard Webhooks.
///
/// Each endpoint has a client of its own, as certificates, time-outs and the number of connections are a client's; all share
/// the process's event loops. It must be closed.
public final class HTTPEndpoint: EventEndpoint {
    public struct Settings: Sendable, Hashable {
        /// `http://…` or `https://…`.
        public var url: String
        /// What may be shown of it.
        public var name: String
        /// `nil` where requests are not signed.
        public var secret: WebhookSecret?
        /// From the beginning of a request to its answer.
        public var timeout: Duration
        /// Connections at once.
        public var connections: Int
        /// Whether it may be on this machine, this link or a private network.
        public var allowsPrivateAddresses: Bool
        /// A file with the certificates (PEM) that its own must come from; the system's where it is `nil`.
        public var authorities: String?

        public init(
            url: String, name: String, secret: WebhookSecret? = nil, timeout: Duration = .seconds(10),
            connections: Int = 16, allowsPrivateAddresses: Bool = true, authorities: String? = nil
        ) {
            self.url = url
            self.name = name
            self.secret = secret
            self.timeout = timeout
            self.connections = connections
            self.allowsPrivateAddresses = allowsPrivateAddresses
            self.authorities = authorities
        }
    }

    public var name: String { settings.name }
    private let settings: Settings
    private let client: HTTPClient
    private let signature: WebhookSignature?
    private let clock: FleetClock

    /// What is read of an answer's body; where there is more, the connection is closed.
    private static let bodyLimit = ByteCount.kibibytes(16)

    public init(_ settings: Settings, clock: FleetClock = .system) {
        self.settings = settings
        self.clock = clock
        signature = settings.secret.map { WebhookSignature($0) }
        client = HTTPClient(
            configuration: Self.configuration(
                timeout: settings.timeout, connections: settings.connections,
                allowsPrivateAddresses: settings.allowsPrivateAddresses, authorities: settings.authorities))
    }

    public func close() async {
        // It only fails where it is closed already.
        try? await client.shutdown()
    }

    static func configuration(
        timeout: Duration, connections: Int, allowsPrivateAddresses: Bool, authorities: String?
    ) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        let timeout = TimeAmount.nanoseconds(timeout.wholeMicroseconds * 1000)
        configuration.timeout.connect = timeout
        configuration.timeout.read = timeout
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        // What is refused is told at once; who asks again, and when, is decided elsewhere.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let authorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(authorities)
            configuration.tlsConfiguration = tls
        }
        if !allowsPrivateAddresses {
            // The address that was connected to, whatever a name meant before or means later. Nothing of a request is sent
            // until this has passed.
            let check: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
                guard AddressRule.isPrivate(channel.remoteAddress) else {
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                // After the client has heard of it.
                channel.eventLoop.execute { channel.close(promise: nil) }
                return channel.eventLoop.makeFailedFuture(PrivateAddress())
            }
            configuration.http1_1ConnectionDebugInitializer = check
            configuration.http2ConnectionDebugInitializer = check
        }
        return configuration
    }

    // MARK: Delivering

    public func deliver(_ event: Event) async -> DeliveryAnswer {
        let deadline = NIODeadline.now() + .nanoseconds(settings.timeout.wholeMicroseconds * 1000)
        do {
            let response = try await client.execute(request(for: event), deadline: deadline)
            if (200...299).contains(response.status.code) {
                // Read, so that the connection serves again; what it says, and whether it ends, does not matter.
                _ = try? await body(of: response, until: deadline)
                return .delivered
            }
            return await answer(response, until: deadline)
        } catch {
            return .notNow(
                HTTPFailure.error(error, at: settings.name, within: settings.timeout), wait: nil, mayBeTheEvent: true)
        }
    }

    private func request(for event: Event) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        var headers = HTTPHeaders()
        for header in CloudEventsHTTP.headers(of: event) { headers.add(name: header.name, value: header.value) }
        headers.add(name: "user-agent", value: "flotilla")
        let id = event.id.description
        let time = String(clock.now().microseconds / 1_000_000)
        headers.add(name: "webhook-id", value: id)
        headers.add(name: "webhook-timestamp", value: time)
        if let signature {
            headers.add(name: "webhook-signature", value: signature.value(id: id, time: time, body: event.payload))
        }
        request.headers = headers
        request.body = .bytes(ByteBuffer(bytes: event.payload))
        return request
    }

    private func answer(_ response: HTTPClientResponse, until deadline: NIODeadline) async -> DeliveryAnswer {
        let text = (try? await body(of: response, until: deadline)) ?? ""
        let error = HTTPFailure.error(response.status, text, at: settings.name)
        switch response.status.code {
        case 408, 429, 500...:
            let wait = RetryAfter.wait(response.headers.first(name: "retry-after"), at: clock.now())
            return .notNow(error, wait: wait, mayBeTheEvent: response.status.code != 429)
        default: return .refused(error)
        }
    }

    /// The beginning of a body.
    private func body(of response: HTTPClientResponse, until deadline: NIODeadline) async throws -> String {
        var bytes: [UInt8] = []
        var count = 0
        for try await part in response.body {
            bytes += part.readableBytesView.prefix(HTTPFailure.quoteLimit.value - bytes.count)
            count += part.readableBytes
            if count > Self.bodyLimit.value || NIODeadline.now() > deadline { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// An endpoint that may not have a private address has one.
struct PrivateAddress: Error {}
