import Foundation
import Synchronization

/// A PostgreSQL server of a test's own, on a Unix socket and a port of the loopback interface, in a temporary directory. It
/// ends with the test process, however that ends.
///
/// PostgreSQL does not run as root: where the tests do, it runs as the user `postgres`, or `nobody`.
public final class PrivatePostgres: Sendable {
    public let directory: TemporaryDirectory
    public let port: Int
    /// Where the server's programs are.
    public let programs: String
    private let settings: [(String, String)]
    private let account: [String]
    private let process = Mutex<Running?>(nil)
    private let databases = Atomic(0)

    private struct Running: @unchecked Sendable {
        // Used under the mutex alone.
        var process: Process
        var leash: FileHandle
    }

    /// The server that tests share which do not stop it; each test has a database of its own.
    public static func shared() async throws -> PrivatePostgres {
        try await sharedServer.value
    }

    private static let sharedServer = Task { try await PrivatePostgres() }

    /// - Parameter settings: beyond or in place of those for logical replication.
    public convenience init(settings: [String: String] = [:]) async throws {
        try await self.init(settings: settings, copyOf: nil)
    }

    /// A standby that takes the log of another server as it is.
    /// - Parameter name: by which the other knows it.
    public convenience init(standbyOf primary: PrivatePostgres, name: String) async throws {
        try await self.init(settings: [:], copyOf: (primary, name))
    }

    private init(settings: [String: String], copyOf primary: (server: PrivatePostgres, name: String)?) async throws {
        directory = try TemporaryDirectory()
        programs = try Self.findPrograms()
        port = try LoopbackPort.free()
        var all = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": directory.path,
            "wal_level": "logical", "max_wal_senders": "30", "max_replication_slots": "60", "max_connections": "300",
            // What a test's server writes need not survive the machine, only the server.
            "fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "logging_collector": "off",
            "log_min_messages": "fatal", "max_prepared_transactions": "10",
        ]
        for (name, value) in settings { all[name] = value }
        self.settings = all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        account = try Self.account()
        try run("chmod", ["755", directory.path])
        if !account.isEmpty {
            try run("chown", [Self.user ?? "nobody", directory.path])
        }
        if let (server, name) = primary {
            try runAsServer([
                "\(programs)/pg_basebackup", "--pgdata", dataDirectory, "--write-recovery-conf", "--checkpoint=fast",
                "--no-sync", "--dbname",
                "host='\(server.directory.path)' port=\(server.port) user=flotilla application_name=\(name)",
            ])
            try await start()
            return
        }
        try runAsServer([
            "\(programs)/initdb", "--pgdata", dataDirectory, "--auth", "trust", "--username", "flotilla", "--no-sync",
            "--encoding", "UTF8", "--locale", "C.UTF-8",
        ])
        try await start()
    }

    deinit { stop(mode: "immediate") }

    public var dataDirectory: String { directory.file("data") }

    /// The address of a database on the Unix socket.
    public func url(_ database: String, user: String = "flotilla", parameters: String = "") -> String {
        let path = directory.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return "postgres://\(user)@\(path):\(port)/\(database)\(parameters.isEmpty ? "" : "?" + parameters)"
    }

    /// The address of a database on the loopback interface.
    public func tcpURL(_ database: String, user: String = "flotilla", port: Int? = nil) -> String {
        "postgres://\(user)@127.0.0.1:\(port ?? self.port)/\(database)?sslmode=disable"
    }

    /// Makes an empty database, and returns its name.
    public func makeDatabase() async throws -> String {
        let name = "test_\(databases.add(1, ordering: .relaxed).newValue)"
        try psql("postgres", "CREATE DATABASE \(name) STRATEGY file_copy", orElse: "CREATE DATABASE \(name)")
        return name
    }

    private func psql(_ database: String, _ sql: String, orElse other: String) throws {
        do { try psql(database, sql) } catch { try psql(database, other) }
    }

    /// Runs SQL, and returns its output: rows on lines, columns separated by a bar.
    @discardableResult
    public func psql(_ database: String, _ sql: String) throws -> String {
        let (status, output) = try Self.launch(
            "\(programs)/psql",
            [
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", directory.path, "-p", "\(port)", "-U",
                "flotilla", database,
            ],
            input: sql)
        try check(status == 0, "psql failed: \(output)")
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    // MARK: Starting and stopping

    public func start() async throws {
        let words = ["\(programs)/postgres", "-D", dataDirectory] + settings.flatMap { ["-c", "\($0)=\($1)"] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The shell waits for the end of its input: whatever ends the tests ends the server too, and its data, unless a
        // word was left that says to keep them. It does not `wait`: dash sleeps on for ever where SIGCHLD is blocked, as
        // it may be in a child of a Swift program.
        let script = """
            data=$1; shift
            "$@" </dev/null & server=$!
            word=$(cat)
            kill -QUIT $server 2>/dev/null
            looks=0
            while [ -e "$data/data/postmaster.pid" ] && [ $looks -lt 3600 ]; do sleep 0.05; looks=$((looks + 1)); done
            [ -n "$word" ] || rm -rf "$data"
            """
        process.arguments = ["-c", script, "sh", directory.path] + account + words
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
        try await eventually("PostgreSQL on port \(self.port); its log is \(log)") {
            try self.isReady()
        }
    }

    private func isReady() throws -> Bool {
        try Self.launch("\(programs)/pg_isready", ["-q", "-h", directory.path, "-p", "\(port)"], input: nil).status == 0
    }

    /// Stops it: `fast`, or `immediate`, which is as a crash.
    public func stop(mode: String = "fast") {
        let running = process.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        _ = try? runAsServer([
            "\(programs)/pg_ctl", "--pgdata", dataDirectory, "stop", "--wait", "--timeout", "240", "--mode", mode,
        ])
        try? running.leash.write(contentsOf: Data("keep".utf8))
        try? running.leash.close()
        running.process.waitUntilExit()
    }

    /// Stops it as an administrator does, and leaves the threads alone that whatever is tested needs meanwhile.
    /// - Returns: how long it took; after four minutes it is ended otherwise.
    public func stopInOrder() async -> Duration {
        let begun = ContinuousClock.now
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                self.stop()
                continuation.resume()
            }
        }
        return ContinuousClock.now - begun
    }

    /// `kill -9` of all of its processes at once; ``start()`` has it recover.
    public func kill() async throws {
        guard let root = processID else { return }
        let processes = ProcessTable.tree(of: root)
        for process in processes { Foundation.kill(process, SIGKILL) }
        try await eventually("the server's processes end") { processes.allSatisfy { !ProcessTable.isRunning($0) } }
        // What waits for a server that ends in order looks for this file.
        try? FileManager.default.removeItem(atPath: "\(dataDirectory)/postmaster.pid")
        stop()
    }

    /// The server's first process.
    public var processID: Int32? {
        let text = try? String(contentsOfFile: "\(dataDirectory)/postmaster.pid", encoding: .utf8)
        return text?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// Has it ask a role for its password, which others are not asked for.
    public func requirePassword(of role: String) throws {
        let path = "\(dataDirectory)/pg_hba.conf"
        let rules = try String(contentsOfFile: path, encoding: .utf8)
        // The file stays whose it is: the server's.
        guard let file = FileHandle(forWritingAtPath: path) else { throw CheckFailure("\(path) cannot be written") }
        try file.truncate(atOffset: 0)
        let own = ["local all \(role)", "host all \(role) all"].map { "\($0) scram-sha-256\n" }
        try file.write(contentsOf: Data((own.joined() + rules).utf8))
        try file.close()
        try psql("postgres", "SELECT pg_reload_conf()")
    }

    /// Has it speak TLS, with a certificate and its key from files in PEM form.
    public func turnOnTLS(certificate: String, key: String) throws {
        // The server reads them as the user that it runs as.
        let owner = try FileManager.default.attributesOfItem(atPath: dataDirectory)
        for (source, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let file = "\(dataDirectory)/\(name)"
            try FileManager.default.copyItem(atPath: source, toPath: file)
            try FileManager.default.setAttributes(
                [
                    .posixPermissions: 0o600, .ownerAccountID: owner[.ownerAccountID] ?? 0,
                    .groupOwnerAccountID: owner[.groupOwnerAccountID] ?? 0,
                ], ofItemAtPath: file)
        }
        try psql("postgres", "ALTER SYSTEM SET ssl = on")
        try psql("postgres", "SELECT pg_reload_conf()")
    }

    // MARK: The machine

    /// Of the newest version that is installed, or in the directory that `FLOTILLA_POSTGRES` names.
    private static func findPrograms() throws -> String {
        if let asked = ProcessInfo.processInfo.environment["FLOTILLA_POSTGRES"] { return asked }
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        for version in versions.compactMap({ Int($0) }).sorted(by: >) {
            let directory = "\(root)/\(version)/bin"
            if FileManager.default.isExecutableFile(atPath: "\(directory)/initdb") { return directory }
        }
        throw CheckFailure("there is no PostgreSQL server in \(root): install it with `make setup STORE=postgres`")
    }

    private static var user: String? {
        let known = (try? String(contentsOfFile: "/etc/passwd", encoding: .utf8)) ?? ""
        return ["postgres", "nobody"].first { name in known.contains("\n\(name):") }
    }

    /// The words in front of a command that is not to run as root.
    private static func account() throws -> [String] {
        guard geteuid() == 0 else { return [] }
        guard let user else { throw CheckFailure("there is no user `postgres` or `nobody` to run PostgreSQL as") }
        return ["setpriv", "--reuid=\(user)", "--regid=\(try group(of: user))", "--clear-groups", "--"]
    }

    private static func group(of user: String) throws -> String {
        try launch("/usr/bin/id", ["-g", user], input: nil).output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func runAsServer(_ words: [String]) throws {
        let all = account + words
        try run(all[0], Array(all.dropFirst()))
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        let (status, output) = try Self.launch("/usr/bin/env", [program] + arguments, input: nil)
        try check(status == 0, "\(program) \(arguments.joined(separator: " ")) failed: \(output)")
    }

    private static func launch(
        _ program: String, _ arguments: [String], input: String?
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput = FileHandle.nullDevice
        if let input {
            // Not a pipe: a program that ends before it has read it all would end the tests.
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-\(UUID().uuidString).in")
            try Data(input.utf8).write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
            try FileManager.default.removeItem(at: file)
        }
        let (status, output) = try process.runToEnd()
        return (status, String(decoding: output, as: UTF8.self))
    }
}
