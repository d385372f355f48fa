import Foundation
import Synchronization

/// Passes on what is said between programs and a server of the loopback interface, until it is told not to.
public final class CuttableProxy: Sendable {
    /// From whoever connected to the server, or back.
    public enum Direction: Int, CaseIterable, Sendable { case toServer, fromServer }

    /// Where it listens.
    public let port: Int
    private let listener: Int32
    private let state: Mutex<State>

    private struct State {
        var serverPort: Int
        /// Both ends of each connection.
        var connections: [(client: Int32, server: Int32)] = []
        var held: Set<Direction> = []
        var delay: Duration = .zero
        var refuses = false
        /// Whoever says this to the server is cut off.
        var lastWord: [UInt8] = []
        var lastWords = 0
    }

    public init(to serverPort: Int) throws {
        state = Mutex(State(serverPort: serverPort))
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

    /// Ends every connection as a machine does that has restarted: with a reset, and what was on its way is lost.
    public func reset() {
        state.withLock { state in
            for (client, server) in state.connections {
                for descriptor in [client, server] {
                    var now = linger(l_onoff: 1, l_linger: 0)
                    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
                    // Wakes whoever passes on from it, which closes it; what was read there is passed on no more.
                    shutdown(descriptor, Int32(SHUT_RD))
                }
            }
        }
    }

    /// Passes on to another server of the loopback interface whatever connects from now on.
    public func lead(to serverPort: Int) { state.withLock { $0.serverPort = serverPort } }

    /// Passes on what is said only after a while, in pieces of at most 64 KiB.
    public func slow(by delay: Duration) { state.withLock { $0.delay = delay } }

    /// Cuts every connection on which `word` is said to the server: in turn before and after the server hears it. None where
    /// it is empty.
    public func cut(at word: String) { state.withLock { $0.lastWord = Array(word.utf8) } }

    /// Whether whoever connects is turned away.
    public func refuse(_ refuses: Bool) { state.withLock { $0.refuses = refuses } }

    /// Passes on nothing more in some directions: what is said there waits, and nobody is told.
    public func hold(_ directions: Set<Direction>) { state.withLock { $0.held = directions } }

    // MARK: Connections

    private static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Foundation.accept(listener, nil, nil)
        return descriptor >= 0 ? descriptor : nil
    }

    private func connect(_ client: Int32) {
        guard !state.withLock({ $0.refuses }) else {
            close(client)
            return
        }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: state.withLock { $0.serverPort })
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
                Self.pass(from, to, direction) { [weak self] in self }
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

    /// - Parameter proxy: what says how; connections are cut when it ends.
    private static func pass(_ from: Int32, _ to: Int32, _ direction: Direction, by proxy: () -> CuttableProxy?) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var ready = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
            if poll(&ready, 1, 20) < 0, errno != EINTR { return }
            guard let (isHeld, delay) = proxy()?.state.withLock({ ($0.held.contains(direction), $0.delay) }) else {
                return
            }
            if isHeld {
                // What is there stays there.
                if ready.revents & Int16(POLLHUP | POLLERR) != 0 { return }
                if ready.revents != 0 { usleep(2_000) }
                continue
            }
            if ready.revents == 0 { continue }
            let count = read(from, &buffer, buffer.count)
            if count <= 0 { return }
            let ending = direction == .toServer ? proxy()?.ending(with: buffer[..<count]) : nil
            if ending == .unheard { return }
            if delay > .zero { usleep(useconds_t(delay.components.attoseconds / 1_000_000_000_000)) }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes {
                    send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if written <= 0 { return }
                sent += written
            }
            if ending == .heard { return }
        }
    }

    private enum Ending { case heard, unheard }

    /// Whether a connection ends with what is said now, and how.
    private func ending(with words: ArraySlice<UInt8>) -> Ending? {
        state.withLock { state in
            guard !state.lastWord.isEmpty, words.contains(state.lastWord) else { return nil }
            state.lastWords += 1
            return state.lastWords.isMultiple(of: 2) ? .heard : .unheard
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
