import Foundation
import TestKit

/// A service in another language that takes part in a saga over HTTP: it holds money in a store of its own, and can be killed.
final class SagaParticipant {
    private let directory: TemporaryDirectory
    let port: Int
    private var process: Process?

    static let accounts = 10

    init(balance: Int) async throws {
        directory = try TemporaryDirectory()
        port = try LoopbackPort.free()
        try Self.program.write(toFile: directory.file("keeper.py"), atomically: true, encoding: .utf8)
        try run(["make", "\(Self.accounts)", "\(balance)"]).waitUntilExit()
        try await start()
    }

    deinit { kill() }

    /// What it keeps in all its accounts.
    func money() async throws -> Int { Int(try await ask("money")) ?? -1 }

    func start() async throws {
        process = try run(["serve", "\(port)"])
        try await eventually("the participant answers") { try await self.money() >= 0 }
    }

    /// As `kill -9` does.
    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private func run(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", directory.file("keeper.py"), directory.file("keeper.db")] + arguments
        process.standardError = FileHandle.nullDevice
        try process.start()
        return process
    }

    private func ask(_ path: String) async throws -> String {
        (try? await SignalAddress(base: "http://127.0.0.1:\(port)").get("/\(path)").body) ?? ""
    }

    /// What a party of a saga must do (docs/sagas.md): one effect for a key; undoing is idempotent, succeeds where nothing was
    /// done, and keeps what comes late from being done. It ends with the tests: then its parent is another.
    private static let program = """
        import http.server, json, os, socketserver, sqlite3, sys, threading, time

        path, verb = sys.argv[1], sys.argv[2]

        def opened():
            store = sqlite3.connect(path, timeout=180, isolation_level=None)
            store.execute("PRAGMA journal_mode = WAL")
            return store

        if verb == "make":
            store = opened()
            store.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)")
            store.execute("CREATE TABLE moves (key TEXT PRIMARY KEY, is_undone INTEGER NOT NULL)")
            for number in range(1, int(sys.argv[3]) + 1):
                store.execute("INSERT INTO accounts VALUES (?, ?)", (number, int(sys.argv[4])))
            sys.exit(0)

        class Keeper(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, text):
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self):
                store = opened()
                self.answer(200, str(store.execute("SELECT sum(balance) FROM accounts").fetchone()[0]))
                store.close()

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                step = self.headers["idempotency-key"].strip('"').rsplit("/", 1)[0]
                store = opened()
                store.execute("BEGIN IMMEDIATE")
                known = store.execute("SELECT is_undone FROM moves WHERE key = ?", (step,)).fetchone()
                status, change = 200, 0
                if self.path == "/hold":
                    if known is None:
                        store.execute("INSERT INTO moves VALUES (?, 0)", (step,))
                        change = body["amount"]
                    elif known[0]:
                        status = 409
                elif known is None:
                    store.execute("INSERT INTO moves VALUES (?, 1)", (step,))
                elif not known[0]:
                    store.execute("UPDATE moves SET is_undone = 1 WHERE key = ?", (step,))
                    change = -body["amount"]
                if change:
                    store.execute("UPDATE accounts SET balance = balance + ? WHERE id = ?", (change, body["account"]))
                store.execute("COMMIT")
                store.close()
                self.answer(status, "{}")

            def log_message(self, *arguments):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 256

        parent = os.getppid()

        def watch():
            while os.getppid() == parent:
                time.sleep(0.5)
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()
        Server(("127.0.0.1", int(sys.argv[3])), Keeper).serve_forever()
        """
}
