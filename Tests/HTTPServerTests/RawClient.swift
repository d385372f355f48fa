import Foundation
import TestKit

/// A client that sends whatever it is told, over a connection of its own.
final class RawClient {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try check(isConnected, "nobody listens on port \(port)")
    }

    deinit { Foundation.close(descriptor) }

    /// Says that nothing more is sent or read.
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        let sent = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        try check(sent == bytes.count, "\(sent) of \(bytes.count) bytes were sent")
    }

    /// What comes until it ends with a text. No thread waits for it: the server's answers need those of the tests.
    func hear(until end: String) async throws -> String {
        var read = ""
        try await eventually("\(end.debugDescription) comes") {
            while !read.hasSuffix(end), let more = self.next() { read += more }
            return read.hasSuffix(end)
        }
        return read
    }

    /// What comes until the other side closes the connection. No thread waits for it.
    func hearAll() async throws -> String {
        var read = ""
        try await eventually("the end comes") {
            while let more = self.next() { read += more }
            return self.isAtEnd
        }
        return read
    }

    /// Whether the other side closes the connection before it says anything.
    func isTurnedAway() async throws -> Bool {
        try await eventually("an answer, or the end") { self.hasSomething || self.isAtEnd }
        return isAtEnd
    }

    /// Whether the other side has closed the connection, and everything is read.
    private var isAtEnd: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN)
    }

    /// Whether something came that nobody has read.
    var hasSomething: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    /// What came meanwhile.
    private func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
