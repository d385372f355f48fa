import FleetCore
import NIOCore
import NIOHTTP1

/// Answers one connection's requests, one after the other.
final class HTTPQuestionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (HTTPQuestion) -> HTTPAnswer?
    private var head: HTTPRequestHead?
    private var bodySize = 0
    /// When the connection is closed, whatever it is at.
    private var deadline: Scheduled<Void>?

    /// Nothing that is asked here has a body worth reading.
    private static let bodyLimit = 16 * 1024

    init(answer: @escaping @Sendable (HTTPQuestion) -> HTTPAnswer?) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            bodySize = 0
        case .body(let bytes):
            bodySize += bytes.readableBytes
            if bodySize > Self.bodyLimit { context.close(promise: nil) }
        case .end:
            guard let head else { return }
            self.head = nil
            write(answer(to: head), to: head, context)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        setDeadline(HTTPServer.questionLimit, context)
        context.fireChannelActive()
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
        context.fireChannelInactive()
    }

    private func answer(to head: HTTPRequestHead) -> HTTPAnswer {
        guard head.method == .GET || head.method == .HEAD else {
            return .text(405, "only GET and HEAD are answered here")
        }
        let path = head.uri.prefix { $0 != "?" && $0 != "#" }
        // Fields of one name are one list.
        let accept = head.headers["accept"]
        let question = HTTPQuestion(
            path: String(path), accept: accept.isEmpty ? nil : accept.joined(separator: ","))
        return answer(question) ?? .text(404, "there is nothing here")
    }

    private func write(_ answer: HTTPAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let keepsAlive = request.isKeepAlive
        var head = HTTPResponseHead(version: request.version, status: HTTPResponseStatus(statusCode: answer.status))
        head.headers.add(name: "content-type", value: answer.contentType)
        head.headers.add(name: "content-length", value: "\(answer.body.count)")
        head.headers.add(name: "cache-control", value: "no-store")
        head.headers.add(name: "x-content-type-options", value: "nosniff")
        if answer.status == 405 { head.headers.add(name: "allow", value: "GET, HEAD") }
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
                handler.setDeadline(HTTPServer.questionLimit, context)
            }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}
