import NIOCore
import NIOTLS

/// One connection to a server, with one request at a time on it. It lives on its event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Who owns it.
    private let line: HTTPLine
    private var context: ChannelHandlerContext?
    /// Whether it may be used: a secure one only after the handshake.
    private(set) var isReady: Bool
    private var isEnded = false
    private(set) var call: HTTPCall?
    private var reader: AnswerReader?
    private var unread = ByteBuffer()
    private var hasServed = false
    private var error: (any Error)?
    /// When it is given up: with its request, or because nobody needs it.
    private(set) var deadline: NIODeadline

    /// - Parameter deadline: of the handshake.
    init(_ line: HTTPLine, isSecure: Bool, deadline: NIODeadline) {
        self.line = line
        isReady = !isSecure
        self.deadline = deadline
    }

    // MARK: What its owner asks for

    func send(_ call: HTTPCall) {
        self.call = call
        deadline = call.deadline
        reader = AnswerReader(call.demand)
        context?.writeAndFlush(wrapOutboundOut(call.bytes), promise: nil)
    }

    func rest(until deadline: NIODeadline) { self.deadline = deadline }

    /// Ends it, and tells its request why.
    func end(_ reason: HTTPCallFailure.Reason) {
        error = error ?? reason
        close()
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive, isReady { line.isFree(self) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if !isReady, case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent {
            isReady = true
            line.isFree(self)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        // Nobody asked for this: who says something now may mean the next request.
        guard call != nil, !isEnded else { return close() }
        if unread.readableBytes > 0 {
            var all = unread
            all.writeBuffer(&bytes)
            bytes = all
            unread = ByteBuffer()
        }
        read(&bytes)
        if call != nil, bytes.readableBytes > 0 { unread = bytes }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    // MARK: Answers

    private func read(_ bytes: inout ByteBuffer) {
        do {
            try reader?.read(&bytes)
        } catch {
            self.error = error
            return close()
        }
        guard let reader, reader.isDone, let answer = reader.answer, let call else { return }
        let serves = reader.staysOpen && bytes.readableBytes == 0
        self.call = nil
        self.reader = nil
        hasServed = true
        if serves { line.isFree(self) } else { close() }
        call.done(.success(answer))
    }

    private func close() {
        // A secure one says good-bye, which may take a while: what it carried is told now.
        let context = context
        ended()
        context?.close(promise: nil)
    }

    private func ended() {
        guard !isEnded else { return }
        isEnded = true
        let wasReady = isReady
        isReady = false
        let (call, error) = (call, error)
        self.call = nil
        line.ended(self, error, wasReady: wasReady)
        guard var call else { return }
        let reason = error as? HTTPCallFailure.Reason
        if reason != .cancelled, reason != .shutDown, let answer = reader?.end(isEndOfConnection: error == nil) {
            return call.done(.success(answer))
        }
        if error as? AnswerReader.Garbage == nil, reason == nil, hasServed, call.mayBeRepeated, !hasHeard {
            call.mayBeRepeated = false
            call.wantsNewConnection = true
            return line.submit(again: call)
        }
        call.done(.failure(HTTPCallFailure(cause: error ?? HTTPCallFailure.Reason.closed, mayHaveArrived: true)))
    }

    /// Whether anything of an answer came.
    private var hasHeard: Bool { reader?.hasBegun ?? false || unread.readableBytes > 0 }
}
