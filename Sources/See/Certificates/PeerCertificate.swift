public import FleetCore
public import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// Asks a server for the certificate that it shows, and goes. Nothing is trusted, and nothing is said to it.
public struct PeerCertificate: Sendable, Hashable {
    /// What comes before TLS.
    public enum Opening: Sendable, Hashable {
        /// Nothing: HTTPS.
        case none
        /// The client asks whether there is TLS.
        /// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
        case postgres
        /// The server says in a first line whether there is.
        /// https://docs.nats.io/reference/reference-protocols/nats-protocol#info
        case nats
    }

    public var host: String
    public var port: Int
    public var opening: Opening

    /// How long a server may take in all.
    private static let timeout = TimeAmount.seconds(5)

    public init(host: String, port: Int, opening: Opening = .none) {
        self.host = host
        self.port = port
        self.opening = opening
    }

    /// When the first certificate of the chain ends; `nil` where the server has no TLS.
    /// - Parameter mayTalk: whether anything may be said at the address that was connected to, whatever the name means.
    /// - Throws: `unavailable` where it does not tell.
    public func end(
        where mayTalk: @escaping @Sendable (SocketAddress?) -> Bool = { _ in true }
    ) async throws -> Timestamp? {
        let server = self
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let found = loop.makePromise(of: Timestamp?.self)
            let deadline = loop.scheduleTask(in: Self.timeout) { found.fail(ChannelError.connectTimeout(Self.timeout)) }
            let channel = ClientBootstrap(group: loop).connectTimeout(Self.timeout)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(OpeningHandler(server, mayTalk, found))
                    }
                }
                .connect(host: host, port: port)
            channel.whenFailure { found.fail($0) }
            do {
                let end = try await withTaskCancellationHandler {
                    try await found.futureResult.get()
                } onCancel: {
                    found.fail(CancellationError())
                }
                deadline.cancel()
                channel.whenSuccess { $0.close(promise: nil) }
                return end
            } catch {
                deadline.cancel()
                channel.whenSuccess { $0.close(promise: nil) }
                throw error
            }
        } catch let error as CancellationError {
            throw FleetError.wrapping(error)
        } catch {
            throw FleetError(
                .unavailable, "\(host):\(port) does not show its certificate", isRetriable: true, underlying: "\(error)"
            )
        }
    }
}

/// Does what comes before TLS, and hands the connection on.
private final class OpeningHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: PeerCertificate
    private let mayTalk: @Sendable (SocketAddress?) -> Bool
    private let found: EventLoopPromise<Timestamp?>
    private var line: [UInt8] = []

    /// A server's first line is not longer.
    private static let longestLine = 64 * 1024
    /// The length of the question, and its number.
    private static let question: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 47]

    init(
        _ server: PeerCertificate, _ mayTalk: @escaping @Sendable (SocketAddress?) -> Bool,
        _ found: EventLoopPromise<Timestamp?>
    ) {
        self.server = server
        self.mayTalk = mayTalk
        self.found = found
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard mayTalk(context.channel.remoteAddress) else { return context.close(promise: nil) }
        switch server.opening {
        case .none: secure(context)
        case .postgres: context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Self.question)), promise: nil)
        case .nats: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        line += bytes.readBytes(length: bytes.readableBytes) ?? []
        switch server.opening {
        case .none: break
        case .postgres:
            if line.first == UInt8(ascii: "S") { secure(context) } else { found.succeed(nil) }
        case .nats:
            guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else {
                if line.count > Self.longestLine { found.fail(ChannelError.inappropriateOperationForState) }
                return
            }
            let info = String(decoding: line[..<end], as: UTF8.self)
            let hasTLS = info.contains("\"tls_required\":true") || info.contains("\"tls_available\":true")
            if hasTLS { secure(context) } else { found.succeed(nil) }
        }
    }

    private func secure(_ context: ChannelHandlerContext) {
        do {
            let isAddress = (try? SocketAddress(ipAddress: server.host, port: 0)) != nil
            let seen = SeenEnd()
            let handler = try NIOSSLClientHandler(
                context: NIOSSLContext(configuration: .makeClientConfiguration()),
                serverHostname: isAddress ? nil : server.host
            ) { chain, verified in
                // It is looked at, and not trusted: nothing follows.
                seen.value.withLock { $0 = chain.map(\.end).min() }
                verified.succeed(.certificateVerified)
            }
            try context.pipeline.syncOperations.addHandler(handler, position: .after(self))
            try context.pipeline.syncOperations.addHandler(EndHandler(found, seen))
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            found.fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        found.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { found.fail(error) }
}

/// What a server has shown.
private final class SeenEnd: Sendable {
    let value = Mutex<Timestamp?>(nil)
}

/// Tells what was seen when TLS is there, or does not come about: some servers let nobody in who shows no certificate.
private final class EndHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let found: EventLoopPromise<Timestamp?>
    private let seen: SeenEnd

    init(_ found: EventLoopPromise<Timestamp?>, _ seen: SeenEnd) {
        self.found = found
        self.seen = seen
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { tell(ChannelError.eof) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        tell(ChannelError.eof)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { tell(error) }

    private func tell(_ error: any Error) {
        if let end = seen.value.withLock({ $0 }) { found.succeed(end) } else { found.fail(error) }
    }
}
