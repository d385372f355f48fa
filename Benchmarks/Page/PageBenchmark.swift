import FleetCore
import Foundation
import TestKit

/// What a fleet of 200 services costs those who look at it: a scrape, and what a browser fetches before it shows the page.
enum PageBenchmark {
    static let services = 200
    private static let scrapes = 100
    private static let (metrics, page) = (19_464, 17_070)

    static func run(_ workspace: Workspace) async throws {
        let file = "\(workspace.path)/fleet.yaml"
        let yaml = LargeFleet.yaml(services: services, metrics: "127.0.0.1:\(metrics)", page: "127.0.0.1:\(page)")
        try yaml.write(toFile: file, atomically: true, encoding: .utf8)
        let apply = try start(["apply", file])
        apply.waitUntilExit()
        let begun = ContinuousClock.now
        let child = try start(["run", file])
        defer {
            child.terminate()
            child.waitUntilExit()
        }
        // All looks have been made, and the overview has every row.
        while try fetch("http://127.0.0.1:\(metrics)/readyz").status != "200" {
            guard ContinuousClock.now - begun < .seconds(180), child.isRunning else {
                throw FleetError(.unavailable, "the fleet does not become ready")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        try await Task.sleep(for: .seconds(12))
        var times: [Double] = []
        var size = 0
        for _ in 0..<scrapes {
            let answer = try fetch("http://127.0.0.1:\(metrics)/metrics")
            times.append(answer.seconds * 1000)
            size = answer.bytes
        }
        times.sort()
        print(
            "\(services) services: a scrape of \(size / 1024) KiB takes \(rounded(times[scrapes / 2])) ms, at most"
                + " \(rounded(times[scrapes - 1])) ms (wanted: at most 50)")
        let parts = try ["", "page.css", "page.js", "icon.svg", "api/overview"].map {
            try fetch("http://127.0.0.1:\(page)/\($0)").bytes
        }
        let first = parts.reduce(0, +)
        print("first paint: \(first) bytes, of which \(parts[4]) are the overview (wanted: at most 300,000)")
        let memory = ProcessFigures(child.processIdentifier)?.peakKilobytes ?? 0
        print("peak memory with the page: \(memory / 1024) MB")
    }

    private static func start(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Workspace.flotilla)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func fetch(_ url: String) throws -> (status: String, seconds: Double, bytes: Int) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{time_total} %{size_download}", url,
        ]
        let words = String(decoding: try process.runToEnd().output, as: UTF8.self).split(separator: " ")
        guard words.count == 3 else { return ("", 0, 0) }
        return (String(words[0]), Double(words[1]) ?? 0, Int(words[2]) ?? 0)
    }
}
