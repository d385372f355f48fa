import NIOCore
import Wire

/// Writes requests of HTTP/1.1 to one address.
struct RequestText: Sendable {
    /// Method, target and host, and what all requests say.
    private let beginning: [UInt8]
    private let saysLength: Bool

    /// - Parameter saysLength: whether a length is told where there is no body.
    init(method: String, _ address: HTTPAddress, _ headers: [(String, String)] = [], saysLength: Bool) {
        var text = "\(method) \(address.target) HTTP/1.1\r\nhost: \(address.hostField)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        beginning = Array(text.utf8)
        self.saysLength = saysLength
    }

    func bytes(_ fields: RequestFields, body: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(beginning.count + fields.bytes.count + body.count + 40)
        buffer.writeBytes(beginning)
        buffer.writeBytes(fields.bytes)
        buffer.writeString(saysLength || !body.isEmpty ? "content-length: \(body.count)\r\n\r\n" : "\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}
