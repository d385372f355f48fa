import Foundation
import Synchronization

/// Passes on what is said between programs and a server of the loopback interface, until it is told not to.
public final class CuttableProxy: Sendable {
    /// From whoever connected to the server, or back.
    public enum Direction: Int, CaseIterable, Sendable { case toServer, fromServer }

    /// Where it listens.
    public let port: Int
    private let serverPort: Int
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        /// Both ends of each connection.
        var connections: [(client: Int32, server: Int32)] = []
        var held: Set<Direction> = []
        var isClosed = false
    }

    public init(to serverPort: Int) throws {
        self.serverPort = serverPort
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (listener, length)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try check(isBound && listen(listener, 64) == 0, "no port of the loopback interface is free")
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while let accepted = Self.accept(descriptor) {
                guard let proxy = self else {
                    close(accepted)
                    break
                }
                proxy.connect(accepted)
            }
            close(descriptor)
        }
    }

    deinit {
        cut()
        // Wakes the thread that accepts, which closes it.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Ends every connection.
    public func cut() {
        state.withLock { state in
            for (client, server) in state.connections {
                shutdown(client, Int32(SHUT_RDWR))
                shutdown(server, Int32(SHUT_RDWR))
            }
        }
    }

    /// Passes on nothing more in some directions: what is said there waits, and nobody is told.
    public func hold(_ directions: Set<Direction>) { state.withLock { $0.held = directions } }

    // MARK: Connections

    private static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Foundation.accept(listener, nil, nil)
        return descriptor >= 0 ? descriptor : nil
    }

    private func connect(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: serverPort)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(client)
            close(server)
            return
        }
        state.withLock { $0.connections.append((client, server)) }
        let left = Countdown(2)
        for direction in Direction.allCases {
            let (from, to) = direction == .toServer ? (client, server) : (server, client)
            Thread.detachNewThread { [weak self] in
                Self.pass(from, to) {
                    self.map { proxy in proxy.state.withLock { $0.held.contains(direction) } } ?? false
                }
                shutdown(from, Int32(SHUT_RDWR))
                shutdown(to, Int32(SHUT_RDWR))
                // Whoever is last closes both.
                guard left.subtract() == 0 else { return }
                self?.state.withLock { $0.connections.removeAll { $0.client == client } }
                close(client)
                close(server)
            }
        }
    }

    private static func pass(_ from: Int32, _ to: Int32, unless isHeld: () -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var ready = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
            if poll(&ready, 1, 20) < 0, errno != EINTR { return }
            if isHeld() {
                // What is there stays there.
                if ready.revents & Int16(POLLHUP | POLLERR) != 0 { return }
                if ready.revents != 0 { usleep(2_000) }
                continue
            }
            if ready.revents == 0 { continue }
            let count = read(from, &buffer, buffer.count)
            if count <= 0 { return }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes {
                    send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if written <= 0 { return }
                sent += written
            }
        }
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

/// A number that two threads count down.
private final class Countdown: Sendable {
    private let value: Mutex<Int>
    init(_ value: Int) { self.value = Mutex(value) }
    func subtract() -> Int {
        value.withLock { value in
            value -= 1
            return value
        }
    }
}
