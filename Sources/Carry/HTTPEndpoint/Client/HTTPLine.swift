import FleetCore
import NIOCore
import NIOPosix
import NIOSSL

/// The connections to one server, and the requests that wait for one. They live on one event loop.
///
/// It must be closed. `@unchecked Sendable`: what changes is used on the event loop alone.
final class HTTPLine: @unchecked Sendable {
    struct Settings: Sendable {
        /// Connections at once.
        var connections: Int
        /// How long it may take to connect.
        var connectTimeout: Duration
        /// How long a connection is kept that nobody needs.
        var idleLimit: Duration
        var allowsPrivateAddresses: Bool
        /// A file with the certificates (PEM) that the server's own must come from; the system's where it is `nil`.
        var authorities: String?
    }

    private let origin: HTTPAddress.Origin
    private let settings: Settings
    private let idleLimit: TimeAmount
    private let loop: any EventLoop
    private var waiting = CircularBuffer<HTTPCall>()
    private var idle: [HTTPConnection] = []
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    /// Connections that are being made, without those whose handshake goes on.
    private var connecting = 0
    /// What came in this turn of the event loop.
    private var answers: [(call: HTTPCall, answer: HTTPAnswer)] = []
    private var context: EventLoopFuture<NIOSSLContext>?
    private var timer: (at: NIODeadline, task: Scheduled<Void>)?
    private var isClosed = false

    init(to origin: HTTPAddress.Origin, _ settings: Settings) {
        self.origin = origin
        self.settings = settings
        idleLimit = settings.idleLimit.timeAmount
        loop = MultiThreadedEventLoopGroup.singleton.next()
    }

    /// Sends a request, once a connection is free.
    func submit(_ call: HTTPCall) { submit(1) { _ in call } }

    /// Sends requests, each once a connection is free.
    /// - Parameter call: makes one of them, on the event loop.
    func submit(_ count: Int, _ call: @escaping @Sendable (_ index: Int) -> HTTPCall) {
        loop.execute {
            for index in 0..<count { self.dispatch(call(index)) }
        }
    }

    func cancel(_ number: Int) {
        loop.execute {
            for call in self.takeWaiting(where: { $0.number == number }) { Self.fail(call, .cancelled) }
            self.connections.values.first { $0.call?.number == number }?.end(.cancelled)
        }
    }

    /// Ends all connections. Requests that are under way fail, and those that come later.
    func close() async {
        try? await loop.submit {
            self.isClosed = true
            self.timer?.task.cancel()
            self.timer = nil
            for call in self.takeWaiting(where: { _ in true }) { Self.fail(call, .shutDown) }
            for connection in self.connections.values { connection.end(.shutDown) }
        }.get()
    }

    private func takeWaiting(where isMeant: (HTTPCall) -> Bool) -> [HTTPCall] {
        let taken = Array(waiting.filter(isMeant))
        if !taken.isEmpty { waiting.removeAll(where: isMeant) }
        return taken
    }

    private static func fail(_ call: HTTPCall, _ reason: HTTPCallFailure.Reason) {
        call.done(.failure(HTTPCallFailure(cause: reason, mayHaveArrived: false)))
    }

    // MARK: Requests

    private func dispatch(_ call: HTTPCall) {
        if isClosed { return Self.fail(call, .shutDown) }
        watch(call.deadline)
        if waiting.isEmpty, !call.wantsNewConnection, let connection = idle.popLast() { return connection.send(call) }
        waiting.append(call)
        // One that is new is wanted, and there is room only where an old one goes.
        if call.wantsNewConnection, connecting + connections.count >= settings.connections { idle.first?.end(.closed) }
        connect()
    }

    /// A request goes first that was sent already, and not answered.
    func submit(again call: HTTPCall) {
        // Not within the end of the connection that it was sent on.
        loop.execute { self.dispatch(call) }
    }

    /// A connection is there that is new, or has just served.
    func isFree(_ connection: HTTPConnection) {
        if let call = waiting.popFirst() { connection.send(call) } else { rest(connection) }
    }

    /// An answer is there. Those of one turn of the loop are told together, so that whoever waits for them is woken once.
    func answered(_ call: HTTPCall, _ answer: HTTPAnswer) {
        answers.append((call, answer))
        if answers.count == 1 { loop.execute { self.tellAnswers() } }
    }

    private func tellAnswers() {
        let told = answers
        answers.removeAll(keepingCapacity: true)
        for (call, answer) in told { call.done(.success(answer)) }
    }

    private func rest(_ connection: HTTPConnection) {
        connection.rest(until: .now() + idleLimit)
        watch(connection.deadline)
        idle.append(connection)
    }

    /// A connection has ended.
    /// - Parameter wasReady: `false` where it was never one.
    func ended(_ connection: HTTPConnection, _ error: (any Error)?, wasReady: Bool) {
        connections[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        if wasReady { connect() } else { failed(error ?? HTTPCallFailure.Reason.closed) }
    }

    // MARK: Connecting

    /// Makes as many connections as are waited for, and as there may be.
    private func connect() {
        let unready = connections.values.count { !$0.isReady }
        while !isClosed, connecting + unready < waiting.count, connecting + connections.count < settings.connections {
            connecting += 1
            channel().whenComplete { result in
                self.connecting -= 1
                if case .failure(let error) = result { self.failed(error) }
            }
        }
    }

    /// What is refused is told to one who waits, at once: who asks again, and when, is decided elsewhere.
    private func failed(_ error: any Error) {
        if let call = waiting.popFirst() {
            call.done(.failure(HTTPCallFailure(cause: error, mayHaveArrived: false)))
        }
        connect()
    }

    private func channel() -> EventLoopFuture<Void> {
        let deadline = NIODeadline.now() + settings.connectTimeout.timeAmount
        watch(deadline)
        guard origin.isSecure else {
            return socket().flatMapThrowing { try self.took($0, nil, deadline) }
        }
        return secureContext().flatMap { context in
            self.socket().flatMapThrowing { try self.took($0, context, deadline) }
        }
    }

    private func socket() -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(settings.connectTimeout.timeAmount)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        if let address = try? SocketAddress(ipAddress: origin.host, port: origin.port) {
            return bootstrap.connect(to: address)
        }
        return bootstrap.connect(host: origin.host, port: origin.port)
    }

    /// Looks at the address that was connected to, whatever a name meant before or means later, and takes the connection.
    private func took(_ channel: any Channel, _ context: NIOSSLContext?, _ deadline: NIODeadline) throws {
        let connection = HTTPConnection(self, isSecure: context != nil, deadline: deadline)
        do {
            if isClosed { throw HTTPCallFailure.Reason.shutDown }
            if !settings.allowsPrivateAddresses, AddressRule.isPrivate(channel.remoteAddress) {
                throw HTTPCallFailure.Reason.privateAddress
            }
            if let context {
                let isAddress = (try? SocketAddress(ipAddress: origin.host, port: 0)) != nil
                let handler = try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : origin.host)
                try channel.pipeline.syncOperations.addHandler(handler)
            }
            connections[ObjectIdentifier(connection)] = connection
            try channel.pipeline.syncOperations.addHandler(connection)
        } catch {
            connections[ObjectIdentifier(connection)] = nil
            channel.close(promise: nil)
            throw error
        }
    }

    /// Certificates are read once, where that may block.
    private func secureContext() -> EventLoopFuture<NIOSSLContext> {
        if let context { return context }
        let authorities = settings.authorities
        let made = NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.applicationProtocols = ["http/1.1"]
            if let authorities { tls.trustRoots = .file(authorities) }
            return try NIOSSLContext(configuration: tls)
        }
        context = made
        made.whenFailure { _ in self.context = nil }
        return made
    }

    // MARK: Time

    /// Looks after what has had its time at a moment, at the latest.
    private func watch(_ deadline: NIODeadline) {
        if isClosed { return }
        if let timer {
            if timer.at <= deadline { return }
            timer.task.cancel()
        }
        timer = (deadline, loop.scheduleTask(deadline: deadline) { self.timedOut() })
    }

    private func timedOut() {
        timer = nil
        let now = NIODeadline.now()
        for call in takeWaiting(where: { $0.deadline <= now }) { Self.fail(call, .timedOut) }
        for connection in connections.values where connection.deadline <= now { connection.end(.timedOut) }
        let next = (connections.values.map(\.deadline) + waiting.map(\.deadline)).min()
        if let next { watch(next) }
    }
}

extension Duration {
    /// No longer than a year.
    var timeAmount: TimeAmount { .microseconds(min(wholeMicroseconds, 31_536_000_000_000)) }
}
