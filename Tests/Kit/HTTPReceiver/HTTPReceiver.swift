import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on the loopback interface that does what a test tells it to, and remembers what it was sent.
public final class HTTPReceiver: Sendable {
    /// What was sent to it.
    public struct Request: Sendable {
        public var path: String
        public var headers: [(name: String, value: String)]
        public var body: String
        /// The body as it came.
        public var bytes: [UInt8] = []

        public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    /// What it does with a request.
    public enum Reaction: Sendable {
        case answer(Int, headers: [(String, String)] = [], body: String = "")
        /// Nothing, ever.
        case hang
        /// The connection is closed without an answer.
        case close
        /// These bytes, whatever they are, and the end of the connection.
        case write(String)
        /// These bytes, and the connection goes on.
        case speak(String)
        /// An answer whose body does not end: so many bytes every ten milliseconds.
        case endless(Int, bytes: Int)
    }

    public let port: Int
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let log: Log

    /// What is shared with the connections.
    final class Log: Sendable {
        let requests = Mutex<[Request]>([])
        /// Requests that are being answered, and the most that there ever were at once.
        let busy = Mutex<(now: Int, most: Int)>((0, 0))
        let connections = Mutex(0)
        let react: @Sendable (Request) -> Reaction

        init(react: @escaping @Sendable (Request) -> Reaction) { self.react = react }
    }

    /// - Parameters:
    ///   - host: an address of this machine.
    ///   - port: to listen at; any that is free where it is 0.
    ///   - tls: files with certificate and key, for https.
    ///   - react: called for each request; by default all are answered with 204.
    public init(
        host: String = "127.0.0.1", port: Int = 0, tls: (certificate: String, key: String)? = nil,
        react: @escaping @Sendable (Request) -> Reaction = { _ in .answer(204) }
    ) async throws {
        let log = Log(react: react)
        self.log = log
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var context: NIOSSLContext?
        if let tls {
            let configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(tls.certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: tls.key, format: .pem)))
            context = try NIOSSLContext(configuration: configuration)
        }
        let secured = context
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                log.connections.withLock { $0 += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let secured { try pipeline.addHandler(NIOSSLServerHandler(context: secured)) }
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try pipeline.addHandler(ReceiverHandler(log: log))
                }
            }
            .bind(host: host, port: port).get()
        self.port = channel.localAddress?.port ?? 0
    }

    /// What was sent to it, in the order in which it came.
    public var requests: [Request] { log.requests.withLock { $0 } }
    public var count: Int { log.requests.withLock { $0.count } }
    /// The most requests that it was answering at once.
    public var mostAtOnce: Int { log.busy.withLock { $0.most } }

    /// Connections that were made to it so far.
    public var connectionCount: Int { log.connections.withLock { $0 } }

    /// Ends it, with every connection. The port is free again.
    public func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: HTTPReceiver.Log
    private var request: HTTPReceiver.Request?

    init(log: HTTPReceiver.Log) { self.log = log }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = HTTPReceiver.Request(
                path: head.uri, headers: head.headers.map { ($0.name.lowercased(), $0.value) }, body: "")
        case .body(let part): request?.bytes += part.readableBytesView
        case .end:
            guard var request else { return }
            self.request = nil
            request.body = String(decoding: request.bytes, as: UTF8.self)
            log.requests.withLock { $0.append(request) }
            log.busy.withLock { busy in
                busy.now += 1
                busy.most = max(busy.most, busy.now)
            }
            perform(log.react(request), context)
            log.busy.withLock { $0.now -= 1 }
        }
    }

    private func perform(_ reaction: HTTPReceiver.Reaction, _ context: ChannelHandlerContext) {
        switch reaction {
        case .answer(let status, let headers, let body):
            var all = HTTPHeaders(headers)
            all.replaceOrAdd(name: "content-length", value: String(body.utf8.count))
            // A 204 has no length.
            if status == 204 { all.remove(name: "content-length") }
            head(status, all, context)
            if !body.isEmpty { write(ByteBuffer(string: body), context) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .hang: break
        case .close: context.close(promise: nil)
        case .write(let text):
            let channel = context.channel
            speak(text, context)
            channel.close(promise: nil)
        case .speak(let text): speak(text, context)
        case .endless(let status, let bytes):
            head(status, [:], context)
            drip(bytes, context)
        }
    }

    /// Past the encoder of HTTP.
    private func speak(_ text: String, _ context: ChannelHandlerContext) {
        if let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self) {
            encoder.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
        }
    }

    private func drip(_ bytes: Int, _ context: ChannelHandlerContext) {
        write(ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes), context)
        context.flush()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let there = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(10)) {
            if there.value.channel.isActive { bound.value.drip(bytes, there.value) }
        }
    }

    private func head(_ status: Int, _ headers: HTTPHeaders, _ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func write(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
