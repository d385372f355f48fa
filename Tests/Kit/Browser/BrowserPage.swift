public import Foundation
import Synchronization
import TestKit

/// A page of a ``Browser``, with cookies of its own.
public final class BrowserPage: Sendable {
    private let browser: Browser
    private let session: String
    private let said: Mutex<[String]> = Mutex([])

    private struct Target: Decodable { var targetId: String }
    private struct Context: Decodable { var browserContextId: String }
    private struct Attached: Decodable { var sessionId: String }

    /// - Parameters:
    ///   - scale: how many pixels of a screenshot are one of the page.
    ///   - isDark: what the page is told that its reader prefers.
    public init(
        _ browser: Browser, width: Int = 1280, height: Int = 800, scale: Double = 1, isDark: Bool = false
    ) async throws {
        self.browser = browser
        let context = try JSONDecoder().decode(
            Context.self, from: try await browser.send("Target.createBrowserContext"))
        let target = try JSONDecoder().decode(
            Target.self,
            from: try await browser.send(
                "Target.createTarget",
                ["url": "about:blank", "browserContextId": .text(context.browserContextId)]))
        session = try JSONDecoder().decode(
            Attached.self,
            from: try await browser.send(
                "Target.attachToTarget", ["targetId": .text(target.targetId), "flatten": true])
        ).sessionId
        browser.listen(to: session) { [weak self] method, parameters in self?.hear(method, parameters) }
        for domain in ["Page", "Runtime", "Log", "Network"] { try await send("\(domain).enable") }
        try await resize(width: width, height: height, scale: scale)
        try await send(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": .text(isDark ? "dark" : "light")]]])
    }

    @discardableResult
    private func send(_ method: String, _ parameters: JSON = [:]) async throws -> Data {
        try await browser.send(method, parameters, session: session)
    }

    public func resize(width: Int, height: Int, scale: Double = 1) async throws {
        try await send(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(Double(width)), "height": .number(Double(height)), "deviceScaleFactor": .number(scale),
                "mobile": .truth(width < 600),
            ])
    }

    // MARK: What it says

    private func hear(_ method: String, _ parameters: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: parameters) as? [String: Any] else { return }
        switch method {
        case "Runtime.exceptionThrown": note("exception", object)
        case "Runtime.consoleAPICalled":
            if let type = object["type"] as? String, ["error", "warning", "assert"].contains(type) {
                note(type, object)
            }
        case "Log.entryAdded":
            if let entry = object["entry"] as? [String: Any], entry["level"] as? String == "error" {
                note("log", entry)
            }
        default: break
        }
    }

    private func note(_ kind: String, _ object: [String: Any]) {
        let text =
            (try? JSONSerialization.data(withJSONObject: object)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        said.withLock { $0.append("\(kind): \(text)") }
    }

    /// Errors and warnings on its console so far.
    public var complaints: [String] { said.withLock { $0 } }
    /// Forgets them: they were expected.
    public func forgetComplaints() { said.withLock { $0 = [] } }

    // MARK: Doing

    /// Opens an address, and waits until it is there.
    public func open(_ url: String) async throws {
        try await send("Page.navigate", ["url": .text(url)])
        try await wait("\(url) is there", "document.readyState === 'complete' && location.href.startsWith('http')")
    }

    private struct Evaluation<Value: Decodable>: Decodable {
        struct Result: Decodable { var value: Value? }
        struct Details: Decodable {
            struct Exception: Decodable { var description: String? }
            var text: String
            var exception: Exception?
        }
        var result: Result
        var exceptionDetails: Details?
    }

    /// The value of an expression of JavaScript; what it promises, where it promises one.
    public func value<Value: Decodable>(_ expression: String, as type: Value.Type = Value.self) async throws -> Value? {
        let answer = try JSONDecoder().decode(
            Evaluation<Value>.self,
            from: try await send(
                "Runtime.evaluate",
                ["expression": .text(expression), "returnByValue": true, "awaitPromise": true]))
        if let failure = answer.exceptionDetails {
            throw CheckFailure("\(expression): \(failure.exception?.description ?? failure.text)")
        }
        return answer.result.value
    }

    /// Waits until an expression is true.
    public func wait(
        _ what: String, _ expression: String, within deadline: Duration = .seconds(180), file: String = #fileID,
        line: Int = #line
    ) async throws {
        do {
            try await eventually(deadline: deadline, what, file: file, line: line) {
                // A page that is just being left has no value.
                (try? await self.value("Boolean(\(expression))", as: Bool.self)) ?? false
            }
        } catch {
            let text = (try? await self.value("document.body.innerText", as: String.self)) ?? nil
            throw CheckFailure("\(error); the page says: \(text ?? "nothing"); \(complaints)", file: file, line: line)
        }
    }

    private struct Place: Decodable { var x: Double, y: Double }

    /// Clicks on the first element that a selector finds, where it is; again where the page was just drawn anew and the click
    /// met nothing.
    public func click(_ selector: String, file: String = #fileID, line: Int = #line) async throws {
        let quoted = String(decoding: try JSONEncoder().encode(selector), as: UTF8.self)
        try await eventually("\(selector) is clicked", file: file, line: line) {
            try await self.wait("there is \(selector)", "document.querySelector(\(quoted))", file: file, line: line)
            let found = try await self.value(
                """
                (() => { const one = document.querySelector(\(quoted)); if (!one) return null;
                  one.scrollIntoView({block: 'center'}); window.clickIsMissing = true;
                  one.addEventListener('click', () => { window.clickIsMissing = false }, {once: true, capture: true});
                  const box = one.getBoundingClientRect(); return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()
                """, as: Place.self)
            guard let place = found else { return false }
            for type in ["mousePressed", "mouseReleased"] {
                try await self.send(
                    "Input.dispatchMouseEvent",
                    [
                        "type": .text(type), "x": .number(place.x), "y": .number(place.y), "button": "left",
                        "clickCount": 1,
                    ])
            }
            // A page that the click has left knows nothing of it.
            return (try? await self.value("window.clickIsMissing === true", as: Bool.self)) != true
        }
    }

    /// Presses a key: `j`, `Tab`, `Enter`, `?`.
    public func press(_ key: String) async throws {
        let codes = ["Tab": 9, "Enter": 13, "Escape": 27, " ": 32]
        let text = key.count == 1 ? key : key == "Enter" ? "\r" : ""
        for type in ["keyDown", "keyUp"] {
            var event: [String: JSON] = ["type": .text(type), "key": .text(key)]
            if let code = codes[key] { event["windowsVirtualKeyCode"] = .number(Double(code)) }
            if type == "keyDown", !text.isEmpty { event["text"] = .text(text) }
            try await send("Input.dispatchKeyEvent", .object(event))
        }
    }

    /// Types into what has the focus.
    public func type(_ text: String) async throws { try await send("Input.insertText", ["text": .text(text)]) }

    private struct Screenshot: Decodable { var data: Data }

    /// What it looks like, as PNG.
    public func screenshot() async throws -> Data {
        try JSONDecoder().decode(
            Screenshot.self, from: try await send("Page.captureScreenshot", ["format": "png"])
        ).data
    }
}
