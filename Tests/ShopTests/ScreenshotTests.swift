import Browser
import Foundation
import TestKit
import Testing

/// Takes the pictures of the page that the documentation shows: of the shop at work, with an event that is parked.
/// `make screenshots` asks for them; a picture takes minutes of history.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["FLOTILLA_SCREENSHOTS"] != nil)) struct ScreenshotTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct Picture {
        var name: String
        var hash: String
        var width = 1280
        var height: Int
        var isDark = false
    }

    private static let pictures = [
        Picture(name: "overview-light", hash: "#/", height: 640),
        Picture(name: "overview-dark", hash: "#/", height: 640, isDark: true),
        Picture(name: "map-light", hash: "#/map", height: 620),
        Picture(name: "parked-dark", hash: "#/parked", height: 360, isDark: true),
        Picture(name: "store-light", hash: "#/store/orders", height: 800),
        Picture(name: "traces-light", hash: "#/traces", height: 520),
        Picture(name: "overview-phone", hash: "#/", width: 390, height: 844),
    ]
    private static let largest = 150_000

    @Test(.timeLimit(.minutes(20))) func take() async throws {
        let environment = ProcessInfo.processInfo.environment
        let target = try #require(environment["FLOTILLA_SCREENSHOTS"])
        let seconds = environment["FLOTILLA_SCREENSHOT_SECONDS"].flatMap(Int.init) ?? 240
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        let data = try TemporaryDirectory()
        let port = try LoopbackPort.free()
        let shop = Program(
            path: Self.root.appendingPathComponent("Examples/shop/run").path,
            environment: [
                "SHOP_DATA": data.path, "SHOP_SEED": "7", "SHOP_RATE": "30", "SHOP_SECONDS": "\(seconds + 120)",
                "SHOP_PAGE": "127.0.0.1:\(port)", "FLOTILLA_BIN": Bundle.main.bundleURL.path,
            ])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let outcome = try await shop.run()
                // Where it ends before the pictures are taken, there are none.
                throw CheckFailure("the shop ended (\(outcome.status)): \(outcome.output.suffix(2000))")
            }
            group.addTask {
                try await takePictures("http://127.0.0.1:\(port)/", of: seconds, data.path, into: target)
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func takePictures(_ url: String, of seconds: Int, _ data: String, into target: String) async throws {
        let curl = try #require(Command("curl"))
        try await eventually("the page is served") { try curl.run(["-s", url]).status == 0 }
        let history = ContinuousClock.now + .seconds(seconds)
        try await eventually(deadline: .seconds(seconds + 60), "there is a history") { ContinuousClock.now >= history }
        // An event that nobody can take, as a service would write it.
        let flotilla = Bundle.main.bundleURL.appendingPathComponent("flotilla").path
        let publishing = Program(
            path: flotilla,
            arguments: [
                "publish", Self.root.appendingPathComponent("Examples/shop/fleet.yaml").path, "catalog", "ProductAdded",
                "--key", "compass-4711", "--data",
                "{\"sku\": \"compass-4711\"}",
            ], environment: ["SHOP_DATA": data])
        let published = try await publishing.run()
        #expect(published.status == 0, "\(published.output)")
        try await eventually("it is parked") {
            try curl.run(["-s", url + "api/parked"]).output.contains("compass-4711")
        }
        try await eventually("it is counted") {
            try curl.run(["-s", url + "api/overview"]).output.contains("1 parked")
        }
        // A trace began with it.
        func failedTrace() throws -> String? {
            try curl.run(["-s", url + "api/traces?kind=failed"]).output.firstMatch(of: #/"id":"([0-9a-f]{32})"/#)
                .map { String($0.1) }
        }
        try await eventually("its trace is kept") { try failedTrace() != nil }
        let failed = try #require(try failedTrace())
        let browser = try Browser()
        for picture in Self.pictures + [
            Picture(name: "trace-dark", hash: "#/trace/\(failed)", height: 420, isDark: true)
        ] {
            let page = try await BrowserPage(
                browser, width: picture.width, height: picture.height, isDark: picture.isDark)
            try await page.open(url + picture.hash)
            try await page.wait(
                "it is drawn", "document.querySelector('main h1') && !document.body.innerText.includes('Asking')")
            try await page.wait("it is live", "document.getElementById('live').dataset.state === 'live'")
            let picturePath = "\(target)/\(picture.name).png"
            let png = try await page.screenshot()
            #expect(png.count <= Self.largest, "\(picture.name) has \(png.count) bytes")
            try png.write(to: URL(fileURLWithPath: picturePath))
            #expect(page.complaints.isEmpty, "\(page.complaints)")
        }
    }
}
