import Foundation
import GRDB
import Synchronization
import TestKit
import Testing

/// `flotilla top`.
@Suite(.lanes) struct TopTests {
    @Test func onceTellsTheSameAsThePage() async throws {
        let shop = try await PageFleet()
        var top = try await shop.fleet.flotilla("top", "--once", environment: PageFleet.environment)
        #expect(top.ended(0) && top.output.contains("nobody carries the fleet"), "\(top.said)")
        #expect(!top.output.contains("\u{1B}"), "a pipe gets no colours")
        let run = try await shop.run()
        try await shop.shop.publish(PageFleet.sold("a\u{1B}[2Jb", 1), PageFleet.sold("b", 1000))
        try await eventually("one is parked, and both are carried") {
            try await shop.parked() == 1 && run.ask("/api/overview").body.contains("\"parked\":1")
        }
        top = try await shop.fleet.flotilla(
            "top", "--once", environment: PageFleet.environment.merging(["COLUMNS": "140"]) { $1 })
        #expect(top.ended(0), "\(top.said)")
        for part in [
            "fleet shop", "carried by process", "parked events 1 (shop.sales)", "shop outbox", "billing.totals", "▲",
            "1 parked", "carries the fleet",
        ] { #expect(top.output.contains(part), "\(part) is not in \(top.output)") }
        #expect(top.output.split(separator: "\n").allSatisfy { $0.count <= 140 }, "\(top.output)")
        let narrow = try await shop.fleet.flotilla(
            "top", "--once", environment: PageFleet.environment.merging(["COLUMNS": "40"]) { $1 })
        #expect(narrow.output.split(separator: "\n").allSatisfy { $0.count <= 40 }, "\(narrow.output)")
        #expect(narrow.output.contains("shop.sales"), "\(narrow.output)")
        try await run.stop()
    }

    /// What happened again and again is one line, with how often: however little room there is.
    @Test func whatRepeatsIsToldWithHowOften() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        try await eventually("a history is kept") {
            try FileManager.default.fileExists(atPath: shop.fleet.file(".flotilla/history.sqlite"))
                && run.ask("/api/overview").body.contains("carries the fleet")
        }
        try await run.stop()
        let history = try shop.fleet.store(".flotilla/history.sqlite")
        let now = Date().timeIntervalSince1970
        try await history.write { database in
            try database.execute(
                sql: """
                    INSERT INTO moments (at, kind, subject, text, times, since)
                    VALUES (?, 'trouble', 'shop outbox', 'the disk that holds it is full again', 37, ?)
                    """, arguments: [now, now - 600])
        }
        for columns in ["140", "60"] {
            let top = try await shop.fleet.flotilla(
                "top", "--once", environment: PageFleet.environment.merging(["COLUMNS": columns]) { $1 })
            #expect(top.ended(0), "\(top.said)")
            let lines = top.output.split(separator: "\n")
            let line = try #require(lines.last { $0.contains(" trouble  ") }, "\(top.output)")
            #expect(line.contains(#/trouble  shop outbox: .*\(37 times since \d\d:\d\d:\d\d\)$/#), "\(line)")
            #expect(line.count <= Int(columns) ?? 0, "\(line)")
        }
    }

    #if Postgres
        /// Who presses `q` waits for nobody: also not for a server that does not answer, be it asked whether the SQL of a view
        /// is right or how the store is.
        @Test(arguments: [true, false]) func aStoreThatHangsHoldsUpNoKey(hasView: Bool) async throws {
            let silent = try SilentServer()
            let views =
                "views: {sales: {schema: 'CREATE TABLE sales (id TEXT);', when: {shop.Sold: 'DELETE FROM sales'}}}"
            // Longer than anybody waits here.
            let url = "postgres://flotilla@127.0.0.1:\(silent.port)/shop?connect_timeout=3600"
            let fleet = try FleetDirectory(
                """
                fleet: shop
                services:
                  shop: {store: {url: "\(url)", schema: shop}, publishes: [Sold]\(hasView ? ", \(views)" : "")}
                """)
            let terminal = try Terminal(columns: 90, rows: 20)
            let top = try terminal.start("top", in: fleet)
            try await terminal.waitFor("asking the fleet")
            try await eventually("the server is asked") { silent.timesAsked > 0 }
            terminal.type("q")
            try await eventually("it ends") { !top.isRunning }
            #expect(top.terminationStatus == 0 && top.terminationReason == .exit)
        }
    #endif

    /// In a terminal it is drawn again and again; `q` and signals leave the terminal as it was.
    @Test(arguments: ["q", "\u{3}", "SIGTERM"])
    func itGivesTheTerminalBack(_ end: String) async throws {
        let shop = try await PageFleet()
        let terminal = try Terminal(columns: 90, rows: 20)
        let before = try terminal.settings
        let top = try terminal.start("top", in: shop.fleet)
        try await terminal.waitFor("billing")
        #expect(terminal.text.contains("\u{1B}[?1049h") && terminal.text.contains("\u{1B}[?25l"))
        // What is new comes by itself, and so does another size.
        try await shop.shop.publish(PageFleet.sold("a", 1))
        try await terminal.waitFor("1")
        let drawn = terminal.text.count
        terminal.resize(columns: 50, rows: 12)
        try await eventually("it is drawn anew") { terminal.text.count > drawn }
        if end == "SIGTERM" { kill(top.processIdentifier, SIGTERM) } else { terminal.type(end) }
        try await eventually("it ends") { !top.isRunning }
        #expect(top.terminationStatus == 0 && top.terminationReason == .exit)
        try await terminal.waitFor("\u{1B}[?25h\u{1B}[?1049l")
        #expect(try terminal.settings == before)
    }
}

/// Takes connections, and says nothing.
private final class SilentServer: Sendable {
    let port: Int
    private let listener: Int32
    private let accepted = Mutex<[Int32]>([])

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (listener, length)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound, listen(descriptor, 16) == 0 else { throw Trouble("no port is free") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        for descriptor in accepted.withLock(\.self) + [listener] { close(descriptor) }
    }

    /// How many connections were made to it.
    var timesAsked: Int {
        accepted.withLock { accepted in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 { accepted.append(descriptor) }
            return accepted.count
        }
    }
}

/// A terminal of a test's own.
private final class Terminal: Sendable {
    private let main: Int32
    private let side: Int32

    private let output = TemporaryOutput()

    init(columns: UInt16, rows: UInt16) throws {
        main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (lock, number) = (Int32(0), Int32(0))
        // TIOCSPTLCK and TIOCGPTN: whether the other side is locked, and what it is called.
        guard main >= 0, ioctl(main, 0x4004_5431, &lock) == 0, ioctl(main, 0x8004_5430, &number) == 0 else {
            throw Trouble("there is no terminal")
        }
        let name = "/dev/pts/\(number)"
        side = open(name, O_RDWR | O_NOCTTY)
        guard side >= 0 else { throw Trouble("the terminal cannot be opened") }
        resize(columns: columns, rows: rows)
        let (main, output) = (main, output)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(main, &buffer, buffer.count)
                if count <= 0 { return }
                output.add(buffer[..<count])
            }
        }
    }

    deinit {
        close(side)
        close(main)
    }

    var text: String { output.text }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(main, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) { _ = write(main, text, text.utf8.count) }

    /// The flags that a program changes.
    var settings: [tcflag_t] {
        get throws {
            var settings = termios()
            guard tcgetattr(side, &settings) == 0 else { throw Trouble("the terminal has no settings") }
            return [settings.c_lflag, settings.c_iflag, settings.c_oflag]
        }
    }

    func start(_ arguments: String..., in fleet: FleetDirectory) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: fleet.path)
        process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
        let handle = FileHandle(fileDescriptor: side, closeOnDealloc: false)
        (process.standardInput, process.standardOutput, process.standardError) = (handle, handle, FileHandle.nullDevice)
        try process.start()
        return process
    }

    func waitFor(_ part: String) async throws {
        try await eventually("the terminal shows \(part.debugDescription)") { self.text.contains(part) }
    }
}

/// What came so far.
private final class TemporaryOutput: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func add(_ more: ArraySlice<UInt8>) { bytes.withLock { $0 += more } }

    var text: String { String(decoding: bytes.withLock(\.self), as: UTF8.self) }
}
