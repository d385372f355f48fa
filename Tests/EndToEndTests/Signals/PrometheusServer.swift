import Foundation
import TestKit

/// A Prometheus of a test's own, which scrapes one address every second. It ends with the test process, however that ends.
final class PrometheusServer {
    let port: Int
    private let directory: TemporaryDirectory
    private let process = Process()
    private let leash: FileHandle

    /// - Returns: `nil` where it is not installed, which is said.
    init?(scraping address: String) throws {
        guard Command("prometheus") != nil else { return nil }
        directory = try TemporaryDirectory()
        port = try LoopbackPort.free()
        let configuration = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: flotilla
                static_configs: [{targets: ["\(address)"]}]
            """
        try configuration.write(toFile: directory.file("prometheus.yml"), atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The shell waits for the end of its input: whatever ends the tests ends the server too.
        let script = """
            prometheus --config.file="$1/prometheus.yml" --storage.tsdb.path="$1/data" --web.listen-address=127.0.0.1:$2 \
                --enable-feature=exemplar-storage >"$1/log" 2>&1 </dev/null & server=$!
            cat >/dev/null
            kill -KILL $server
            wait $server
            rm -rf "$1"
            """
        process.arguments = ["-c", script, "sh", directory.path, String(port)]
        leash = try process.runOnLeash()
    }

    deinit { kill() }

    /// Ends it in the midst of what it does.
    func kill() {
        try? leash.close()
        process.waitUntilExit()
    }

    /// What it tells of the exemplars of the series that a query finds; `nil` where it does not answer yet.
    func exemplars(of query: String) async -> String? {
        guard let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) else { return nil }
        let now = Int(Date().timeIntervalSince1970)
        let path = "/api/v1/query_exemplars?query=\(escaped)&start=\(now - 600)&end=\(now + 60)"
        return try? await SignalAddress(base: "http://127.0.0.1:\(port)").get(path).body
    }

    /// The value of the first series that a query finds; `nil` where there is none, or it does not answer yet.
    func value(of query: String) async -> String? {
        guard let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics),
            let answer = try? await SignalAddress(base: "http://127.0.0.1:\(port)")
                .get("/api/v1/query?query=\(escaped)")
        else { return nil }
        struct Answer: Decodable {
            struct Result: Decodable { var value: [Value] }
            struct Data: Decodable { var result: [Result] }
            /// A time and a text.
            enum Value: Decodable {
                case time, text(String)

                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    self = (try? container.decode(String.self)).map { .text($0) } ?? .time
                }
            }
            var data: Data
        }
        let decoded = try? JSONDecoder().decode(Answer.self, from: Data(answer.body.utf8))
        guard case .text(let text) = decoded?.data.result.first?.value.last else { return nil }
        return text
    }
}
