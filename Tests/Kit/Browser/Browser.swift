import Foundation
import Synchronization
import TestKit

/// A headless Chromium of a test's own, which is driven over the DevTools protocol
/// (https://chromedevtools.github.io/devtools-protocol/) through a pipe. It ends with the test process, however that ends.
public final class Browser: Sendable {
    private struct State {
        var next = 1
        var waiting: [Int: CheckedContinuation<Data, any Error>] = [:]
        var listeners: [String: @Sendable (String, Data) -> Void] = [:]
        var isGone = false
    }

    private let process = Process()
    private let commands: FileHandle
    private let directory: TemporaryDirectory
    private let state = Mutex(State())

    /// Whether tests that need one can be run; where they cannot, that is said.
    public static var isInstalled: Bool { Command("chromium") != nil }

    private static let answerLimit = Duration.seconds(180)

    /// Starts one.
    public init() throws {
        directory = try TemporaryDirectory()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Commands are read from descriptor 3, answers written to 4.
        let script = """
            exec 3<&0 4>&1 </dev/null >"$1/log" 2>&1
            exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-pipe \
                --user-data-dir="$1/profile" --no-first-run --no-default-browser-check --disable-extensions \
                --disable-background-networking --disable-component-update --disable-sync --disable-default-apps \
                --ignore-certificate-errors --hide-scrollbars --font-render-hinting=none about:blank
            """
        process.arguments = ["-c", script, "sh", directory.path]
        let answers = try PrivatePipe()
        process.standardOutput = answers.writing
        commands = try process.runOnLeash()
        try answers.writing.close()
        let reader = Thread { [weak self] in
            var rest = Data()
            while true {
                let more = answers.reading.availableData
                if more.isEmpty { break }
                rest.append(more)
                while let end = rest.firstIndex(of: 0) {
                    let message = Data(rest[rest.startIndex..<end])
                    rest = Data(rest[(end + 1)...])
                    self?.take(message)
                }
            }
            self?.end()
        }
        reader.start()
    }

    deinit {
        try? commands.close()
        process.terminate()
        process.waitUntilExit()
    }

    /// What it said of itself.
    public var log: String {
        String(decoding: FileManager.default.contents(atPath: directory.file("log")) ?? Data(), as: UTF8.self)
    }

    private func take(_ message: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: message) as? [String: Any] else { return }
        if let id = object["id"] as? Int {
            let waiting = state.withLock { $0.waiting.removeValue(forKey: id) }
            if let error = object["error"] as? [String: Any] {
                waiting?.resume(throwing: CheckFailure("Chromium refuses: \(error["message"] ?? error)"))
            } else {
                let result = object["result"] ?? [:]
                waiting?.resume(returning: (try? JSONSerialization.data(withJSONObject: result)) ?? Data())
            }
        } else if let method = object["method"] as? String, let session = object["sessionId"] as? String {
            let listener = state.withLock { $0.listeners[session] }
            let parameters = object["params"] ?? [:]
            listener?(method, (try? JSONSerialization.data(withJSONObject: parameters)) ?? Data())
        }
    }

    private func end() {
        let waiting = state.withLock { state in
            state.isGone = true
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.self)
        }
        for one in waiting { one.resume(throwing: CheckFailure("Chromium ended: \(log.suffix(2000))")) }
    }

    func listen(to session: String, _ listener: @escaping @Sendable (String, Data) -> Void) {
        state.withLock { $0.listeners[session] = listener }
    }

    private struct Message: Encodable {
        var id: Int
        var method: String
        var params: JSON
        var sessionId: String?
    }

    /// Sends a command, and waits for its answer.
    func send(_ method: String, _ parameters: JSON = [:], session: String? = nil) async throws -> Data {
        let id = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        let text = try JSONEncoder().encode(Message(id: id, method: method, params: parameters, sessionId: session))
        return try await withThrowingTaskGroup(of: Data?.self) { group in
            group.addTask { try await self.answer(to: id, sending: text) }
            group.addTask {
                try await Task.sleep(for: Self.answerLimit)
                let waiting = self.state.withLock { $0.waiting.removeValue(forKey: id) }
                waiting?.resume(throwing: CheckFailure("Chromium did not answer \(method) within \(Self.answerLimit)"))
                return nil
            }
            defer { group.cancelAll() }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CheckFailure("Chromium did not answer \(method)")
        }
    }

    private func answer(to id: Int, sending text: Data) async throws -> Data {
        try await withCheckedThrowingContinuation { continuation in
            let isGone = state.withLock { state in
                if !state.isGone { state.waiting[id] = continuation }
                return state.isGone
            }
            if isGone { return continuation.resume(throwing: CheckFailure("Chromium ended: \(log.suffix(2000))")) }
            do {
                try commands.write(contentsOf: text + [0])
            } catch {
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: error)
            }
        }
    }
}
