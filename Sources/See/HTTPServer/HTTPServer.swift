import FleetCore
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Answers questions over HTTP/1.1, on a thread of its own.
///
/// Clients that are slow, silent or many hold up nobody but themselves: connections are bounded in number and in time, and so is
/// what is read of a request. It must be closed.
public final class HTTPServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    /// Where it listens: the port is the system's choice where it was asked for port 0.
    public let port: Int

    /// Connections at once; beyond, new ones are closed.
    public static let connectionLimit = 32
    /// How long a client may take to ask, from its connection or the answer before on.
    public static let questionLimit = Duration.seconds(15)
    /// How long it may take to read its answer.
    public static let answerLimit = Duration.seconds(30)

    /// Listens.
    /// - Parameters:
    ///   - host: an address, or a name of this machine.
    ///   - answer: called on the server's thread: it must not wait. `nil` where nothing is there.
    /// - Throws: `busy` where another has the port; `invalidInput` where nobody can listen there.
    public init(
        host: String, port: Int, answer: @escaping @Sendable (HTTPQuestion) -> HTTPAnswer?
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = Connections()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                guard connections.add() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in connections.remove() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(HTTPQuestionHandler(answer: answer))
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

/// Counts connections.
private final class Connections: Sendable {
    private let count = Atomic(0)

    /// - Returns: `false` where there are too many.
    func add() -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= HTTPServer.connectionLimit { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }

    func remove() { count.subtract(1, ordering: .relaxed) }
}
