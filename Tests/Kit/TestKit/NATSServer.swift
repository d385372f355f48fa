import Foundation
import Synchronization

/// A nats-server of a test's own with JetStream, on a port of the loopback interface, in a temporary directory. It ends with
/// the test process, however that ends.
public final class NATSServer: Sendable {
    public let directory: TemporaryDirectory
    public let port: Int
    private let configuration: Mutex<String>
    private let process = Mutex<Running?>(nil)

    private struct Running: @unchecked Sendable {
        // Used under the mutex alone.
        var process: Process
        var leash: FileHandle
    }

    /// The server that tests share which do not stop it; each test has a fleet of its own there.
    public static func shared() async throws -> NATSServer {
        try await sharedServer.value
    }

    private static let sharedServer = Task { try await NATSServer() }

    /// - Parameters:
    ///   - settings: further lines of the server's configuration file.
    ///   - hasJetStream: whether there are streams at all.
    ///   - maximumPayload: the largest message, in bytes.
    ///   - port: where clients connect; a free one where it is `nil`.
    ///   - waitsForOthers: whether it lets nobody in before others are there.
    public init(
        settings: String = "", hasJetStream: Bool = true, maximumPayload: Int = 8 << 20, port: Int? = nil,
        waitsForOthers: Bool = false
    ) async throws {
        directory = try TemporaryDirectory()
        self.port = try port ?? LoopbackPort.free()
        var text = """
            listen: "127.0.0.1:\(self.port)"
            max_payload: \(maximumPayload)
            max_pending: 256MB

            """
        if hasJetStream {
            text +=
                "jetstream { store_dir: \"\(directory.file("data"))\", max_file_store: 16TB, max_memory_store: 1GB }\n"
        }
        configuration = Mutex(text + settings + "\n")
        try await start(waits: !waitsForOthers)
    }

    deinit { kill(keeping: false) }

    /// Where it is, without anybody's name.
    public var url: String { "nats://127.0.0.1:\(port)" }

    /// Changes lines of the configuration, for the next start.
    public func reconfigure(_ change: @Sendable (String) -> String) {
        configuration.withLock { $0 = change($0) }
    }

    /// Starts it again, with its streams in another directory, which has none yet.
    public func move(to path: String) async throws {
        let old = directory.file("data")
        kill()
        reconfigure { $0.replacingOccurrences(of: "store_dir: \"\(old)\"", with: "store_dir: \"\(path)\"") }
        try await start()
    }

    // MARK: Starting and stopping

    /// - Parameter waits: until it lets clients in.
    public func start(waits: Bool = true) async throws {
        let file = directory.file("server.conf")
        try configuration.withLock { try $0.write(toFile: file, atomically: true, encoding: .utf8) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The shell waits for the end of its input: whatever ends the tests ends the server too, and its data, unless a
        // word was left that says to keep them.
        let script = """
            data=$1; shift
            "$@" </dev/null & server=$!
            echo $server > "$data/pid"
            word=$(cat)
            kill -KILL $server 2>/dev/null
            [ -n "$word" ] || rm -rf "$data"
            """
        process.arguments = ["-c", script, "sh", directory.path, try Self.program(), "-c", file]
        let log = directory.file("server.log")
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let output = FileHandle(forWritingAtPath: log)
        output?.seekToEndOfFile()
        process.standardOutput = output
        process.standardError = output
        let leash = try process.runOnLeash()
        self.process.withLock { $0 = Running(process: process, leash: leash) }
        let port = port
        try await eventually("nats-server on port \(port); its log is \(log)") {
            guard self.processID != nil else { return false }
            return !waits || Self.isListening(on: port)
        }
    }

    /// Ends it as a crash does.
    public func kill() { kill(keeping: true) }

    private func kill(keeping keeps: Bool) {
        let running = process.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        if keeps { try? running.leash.write(contentsOf: Data("keep".utf8)) }
        try? running.leash.close()
        running.process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory.file("pid"))
    }

    /// Ends it in an orderly way.
    public func stop() async throws {
        if let id = processID { _ = Foundation.kill(id, SIGTERM) }
        let port = port
        try await eventually("nats-server has ended") { !Self.isListening(on: port) }
        kill()
    }

    /// Holds it still: it answers nothing, and its connections stay.
    /// Returns once it has stopped.
    public func pause() async throws {
        guard let id = processID else { throw CheckFailure("the NATS server has left no number of its process") }
        _ = Foundation.kill(id, SIGSTOP)
        try await eventually("the NATS server has stopped") { ProcessTable.isStopped(id) }
    }

    public func resume() { if let id = processID { _ = Foundation.kill(id, SIGCONT) } }

    public var processID: Int32? {
        let text = try? String(contentsOfFile: directory.file("pid"), encoding: .utf8)
        return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    // MARK: The machine

    /// In `PATH`, or where Debian has it; `FLOTILLA_NATS_SERVER` names another.
    public static func program() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        if let asked = environment["FLOTILLA_NATS_SERVER"] { return asked }
        let directories =
            (environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin"]
        guard
            let found = directories.map({ "\($0)/nats-server" }).first(where: {
                FileManager.default.isExecutableFile(atPath: $0)
            })
        else { throw CheckFailure("there is no nats-server: install it with `make setup BROKER=nats`") }
        return found
    }

    static func isListening(on port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
