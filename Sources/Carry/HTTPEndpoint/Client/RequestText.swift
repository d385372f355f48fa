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

    /// - Parameter headers: names and values that hold no end of a line.
    func bytes(_ headers: [WireMessage.Header], body: [UInt8]) -> ByteBuffer {
        let length = String(body.count)
        var count = beginning.count + body.count + 24 + length.utf8.count
        for header in headers { count += header.name.utf8.count + header.value.utf8.count + 4 }
        var buffer = ByteBuffer()
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            var end = 0
            func append(_ bytes: some Collection<UInt8>) {
                let count = bytes.withContiguousStorageIfAvailable { source in
                    UnsafeMutableRawBufferPointer(rebasing: room[end...]).copyBytes(from: source)
                    return source.count
                }
                if let count {
                    end += count
                } else {
                    for byte in bytes {
                        room[end] = byte
                        end += 1
                    }
                }
            }
            append(beginning)
            for header in headers {
                append(header.name.utf8)
                append(": ".utf8)
                append(header.value.utf8)
                append("\r\n".utf8)
            }
            if saysLength || !body.isEmpty {
                append("content-length: ".utf8)
                append(length.utf8)
                append("\r\n".utf8)
            }
            append("\r\n".utf8)
            append(body)
            return end
        }
        return buffer
    }
}
