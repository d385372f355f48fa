import FleetCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Answers questions over HTTP/1.1, on a thread of its own.
///
/// Clients that are slow, silent or many hold up nobody but themselves: connections are bounded in number and in time, and so is
/// what is read of a request. It must be closed.
public final class HTTPServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let work: PendingWork
    /// Where it listens: the port is the system's choice where it was asked for port 0.
    public let port: Int

    /// Connections at once. Beyond, who has asked nothing for the longest time makes room for a new one; where each is being
    /// answered, the new one is closed.
    public static let connectionLimit = 32
    /// How long a client may take to ask, from its connection or the answer before on.
    public static let questionLimit = Duration.seconds(15)
    /// How long it may take to read its answer.
    public static let answerLimit = Duration.seconds(30)
    /// How long an answer that takes a while is waited for.
    public static let workLimit = Duration.seconds(60)
    /// The body of a request has at most so many bytes.
    public static let bodyLimit = 64 * 1024

    /// What every connection of a server needs.
    struct Desk: Sendable {
        let answer: @Sendable (HTTPQuestion) -> HTTPReply?
        let methods: [String]
        let isSecure: Bool
        let work: PendingWork
        let connections: Connections
    }

    /// Listens.
    /// - Parameters:
    ///   - host: an address, or a name of this machine.
    ///   - tls: `nil` for plain HTTP.
    ///   - takesPosts: whether `POST` is answered, besides `GET` and `HEAD`.
    ///   - answer: called on the server's thread: it must not wait. `nil` where nothing is there.
    /// - Throws: `busy` where another has the port; `invalidInput` where nobody can listen there.
    public init(
        host: String, port: Int, tls: ServerTLS? = nil, takesPosts: Bool = false,
        answer: @escaping @Sendable (HTTPQuestion) -> HTTPReply?
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        work = PendingWork()
        let connections = Connections(limit: Self.connectionLimit)
        let desk = Desk(
            answer: answer, methods: ["GET", "HEAD"] + (takesPosts ? ["POST"] : []), isSecure: tls != nil, work: work,
            connections: connections)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                guard connections.add(channel) else { return channel.close() }
                channel.closeFuture.whenComplete { _ in connections.remove(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls.context)) }
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(HTTPQuestionHandler(desk: desk))
                }
            }
        do {
            channel = try await bootstrap.bind(host: host, port: port).get()
        } catch {
            try? await group.shutdownGracefully()
            throw Self.failure(error, "\(host):\(port)")
        }
        self.port = channel.localAddress?.port ?? port
    }

    public func close() async {
        // It only fails where it is closed already.
        try? await channel.close()
        // Whoever answers later has somebody to tell as long as the group lives.
        await work.close()
        try? await group.shutdownGracefully()
    }

    private static func failure(_ error: any Error, _ address: String) -> FleetError {
        guard let failure = error as? IOError else {
            return FleetError(
                .invalidInput, "nobody can listen at \(address)", remedy: "name an address of this machine",
                underlying: "\(error)")
        }
        switch failure.errnoCode {
        case EADDRINUSE:
            return FleetError(
                .busy, "another program listens at \(address) already",
                remedy: "name another port, or 0 for one that is free")
        case EACCES:
            return FleetError(
                .denied, "this process may not listen at \(address)", remedy: "name a port above 1023")
        default:
            return FleetError(
                .invalidInput, "nobody can listen at \(address)", remedy: "name an address of this machine",
                underlying: failure.description)
        }
    }
}
