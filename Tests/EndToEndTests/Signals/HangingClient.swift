import Foundation

/// Connects to a port of the loopback interface, begins to ask, and never ends.
final class HangingClient {
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
        guard isConnected else { throw Trouble("nobody listens on port \(port)") }
        let beginning = Array("GET /metr".utf8)
        _ = send(descriptor, beginning, beginning.count, Int32(MSG_NOSIGNAL))
    }

    deinit { close(descriptor) }
}
