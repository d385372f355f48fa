import Foundation
import TestKit

/// An Alertmanager of a test's own. It ends with the test process, however that ends.
final class AlertmanagerServer {
    let port: Int
    private let directory: TemporaryDirectory
    private let process = Process()
    private let leash: FileHandle

    /// - Returns: `nil` where it is not installed, which is said.
    init?() throws {
        guard Command("prometheus-alertmanager") != nil else { return nil }
        directory = try TemporaryDirectory()
        port = try LoopbackPort.free()
        try "route: {receiver: none}\nreceivers: [{name: none}]\n"
            .write(toFile: directory.file("alertmanager.yml"), atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The shell waits for the end of its input: whatever ends the tests ends the server too.
        let script = """
            prometheus-alertmanager --config.file="$1/alertmanager.yml" --storage.path="$1/data" \
                --web.listen-address=127.0.0.1:$2 --cluster.listen-address= >"$1/log" 2>&1 </dev/null & server=$!
            cat >/dev/null
            kill -KILL $server
            wait $server
            rm -rf "$1"
            """
        process.arguments = ["-c", script, "sh", directory.path, String(port)]
        leash = try process.runOnLeash()
    }

    deinit {
        try? leash.close()
        process.waitUntilExit()
    }

    struct Alert: Decodable {
        struct Status: Decodable { var state: String }
        var labels: [String: String]
        var annotations: [String: String]
        var status: Status
        var startsAt: String
    }

    /// The alerts that it holds for active; none where it does not answer yet.
    func alerts() async -> [Alert] {
        guard let answer = try? await SignalAddress(base: "http://127.0.0.1:\(port)").get("/api/v2/alerts") else {
            return []
        }
        return (try? JSONDecoder().decode([Alert].self, from: Data(answer.body.utf8))) ?? []
    }
}
