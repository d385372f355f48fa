import Foundation
import Synchronization

/// Ports of the loopback interface.
public enum LoopbackPort {
    /// Below those that the system gives to whoever names none: else a client, or a server of another test, might have a port
    /// by the time that its server begins to listen.
    private static let range = 10_000..<32_768
    /// Those that were handed out: whoever has one may not listen there yet.
    private static let given = Mutex<Set<Int>>([])

    /// A port that nobody listens on at the moment, and that nobody else in this process was given.
    public static func free() throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: range)
            if isFree(port), given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw CheckFailure("no port of the loopback interface is free")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
