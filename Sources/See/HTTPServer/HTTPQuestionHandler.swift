import FleetCore
import NIOCore
import NIOHTTP1

/// Answers one connection's requests, one after the other.
final class HTTPQuestionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let events = "text/event-stream"

    private let desk: HTTPServer.Desk
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// Whether the request is refused already, and the rest of it is of no interest.
    private var isRefused = false
    /// What the client listens to.
    private var stream: EventStream?
    /// When the connection is closed, whatever it is at.
    private var deadline: Scheduled<Void>?

    init(desk: HTTPServer.Desk) {
        self.desk = desk
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes):
            guard !isRefused else { return }
            guard body.count + bytes.readableBytes <= HTTPServer.bodyLimit else { return refuse(context) }
            body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let head, !isRefused else { return }
            self.head = nil
            desk.connections.isAsked(context.channel)
            answer(head, context)
        }
    }

    /// A body that is too large is answered before it is there, and the connection closed.
    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        guard var head else { return context.close(promise: nil) }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        write(.text(413, "a request has at most \(HTTPServer.bodyLimit / 1024) KiB"), to: head, context)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        setDeadline(HTTPServer.questionLimit, context)
    }

    private func setDeadline(_ limit: Duration, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .nanoseconds(limit.wholeMicroseconds * 1000)) {
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        stream?.remove(context.channel)
        context.fireChannelInactive()
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch reply(to: head) {
        case .answer(let answer): write(answer, to: head, context)
        case .later(let work): answer(head, context, after: work)
        case .events(_, let fields) where head.method == .HEAD:
            write(HTTPAnswer(contentType: Self.events, fields: fields, body: []), to: head, context)
        case .events(let stream, let fields): listen(to: stream, fields, head, context)
        }
    }

    private func reply(to head: HTTPRequestHead) -> HTTPReply {
        guard desk.methods.contains(head.method.rawValue) else {
            var answer = HTTPAnswer.text(405, "only \(desk.methods.joined(separator: " and ")) are answered here")
            answer.fields = [HTTPField("allow", desk.methods.joined(separator: ", "))]
            return .answer(answer)
        }
        let parts = head.uri.prefix { $0 != "#" }.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let question = HTTPQuestion(
            method: head.method.rawValue, path: parts.first.map(String.init) ?? "",
            query: parts.count > 1 ? String(parts[1]) : "",
            fields: head.headers.map { HTTPField($0.name, $0.value) }, body: body, isSecure: desk.isSecure)
        return desk.answer(question) ?? .text(404, "there is nothing here")
    }

    // MARK: Later

    private func answer(
        _ head: HTTPRequestHead, _ context: ChannelHandlerContext,
        after work: @escaping @Sendable () async -> HTTPAnswer
    ) {
        let promise = context.eventLoop.makePromise(of: HTTPAnswer.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { answer in
            let (handler, context) = bound.value
            if context.channel.isActive { handler.write(answer, to: head, context) }
        }
        setDeadline(HTTPServer.workLimit, context)
        if !desk.work.start({ promise.succeed(await work()) }) {
            var answer = HTTPAnswer.text(503, "too much is asked for at once; ask again")
            answer.fields = [HTTPField("retry-after", "1")]
            promise.succeed(answer)
        }
    }

    // MARK: Events

    private func listen(
        to stream: EventStream, _ fields: [HTTPField], _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        guard stream.add(context.channel) else {
            var answer = HTTPAnswer.text(503, "too many listen already")
            answer.fields = [HTTPField("retry-after", "10")]
            return write(answer, to: request, context)
        }
        self.stream = stream
        setDeadline(stream.length, context)
        var head = HTTPResponseHead(version: request.version, status: .ok)
        head.headers.add(name: "content-type", value: Self.events)
        head.headers.add(name: "cache-control", value: "no-store")
        head.headers.add(name: "x-content-type-options", value: "nosniff")
        for field in fields { head.headers.add(name: field.name, value: field.value) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        // How long a client waits before it comes back, and what was told last.
        var first = ByteBuffer(string: "retry: 2000\n\n")
        if var last = stream.last { first.writeBuffer(&last) }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(first))), promise: nil)
    }

    // MARK: Writing

    private func write(_ answer: HTTPAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let keepsAlive = request.isKeepAlive
        var head = HTTPResponseHead(version: request.version, status: HTTPResponseStatus(statusCode: answer.status))
        head.headers.add(name: "content-type", value: answer.contentType)
        head.headers.add(name: "content-length", value: "\(answer.body.count)")
        if !answer.fields.contains(where: { $0.name == "cache-control" }) {
            head.headers.add(name: "cache-control", value: "no-store")
        }
        head.headers.add(name: "x-content-type-options", value: "nosniff")
        for field in answer.fields { head.headers.add(name: field.name, value: field.value) }
        if !keepsAlive {
            head.headers.add(name: "connection", value: "close")
        } else if request.version.minor == 0 {
            head.headers.add(name: "connection", value: "keep-alive")
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, !answer.body.isEmpty {
            var buffer = context.channel.allocator.buffer(capacity: answer.body.count)
            buffer.writeBytes(answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        setDeadline(HTTPServer.answerLimit, context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            if !keepsAlive {
                context.close(promise: nil)
            } else if context.channel.isActive {
                handler.desk.connections.isAnswered(context.channel)
                handler.setDeadline(HTTPServer.questionLimit, context)
            }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}
