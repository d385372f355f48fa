import Foundation
import HTTPReceiver
import TestKit
import Testing

/// Secrets stand wherever a fleet file takes one, everything fails that can, and nothing that is said, served or kept to be shown
/// has them.
@Suite(.lanes) struct ObjectiveSecretTests {
    private static let environment = [
        "STORE_PASSWORD": "zqwstore", "PUSH_PATH": "zqwpath", "PUSH_TOKEN": "zqwtoken",
        "PUSH_SECRET": "zqwpush-0123456789abcdef", "SAGA_TOKEN": "zqwsaga", "HOOK_PATH": "zqwhook",
        "HOOK_TOKEN": "zqwquery", "HOOK_SECRET": "zqwsign-0123456789abcdef", "ALERT_PATH": "zqwalert",
        "NATS_USER": "zqwuser", "NATS_PASSWORD": "zqwnats", "PAGE_TOKEN": "zqwpage-0123456789abcdef",
        "OTLP_PATH": "zqwotlp", "OTLP_TOKEN": "zqwbearer",
    ]
    /// What is published belongs to it.
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    /// - Parameters:
    ///   - port: where nobody listens.
    ///   - collector: where a collector does; by default nobody either.
    private static func yaml(_ port: Int, collector: Int? = nil, encoding: String = "protobuf") -> String {
        let base = "http://127.0.0.1:\(port)"
        return """
            fleet: careful
            metrics: {listen: "127.0.0.1:0"}
            page: {listen: "127.0.0.1:0", token: "${PAGE_TOKEN}"}
            telemetry:
              otlp:
                url: "http://127.0.0.1:\(collector ?? port)/${OTLP_PATH}"
                encoding: \(encoding)
                every: 1s
                headers: {authorization: "Bearer ${OTLP_TOKEN}"}
              sampling: {wait: 1s, share: 1}
            alerts:
              webhook: {url: "\(base)/${HOOK_PATH}?token=${HOOK_TOKEN}", secret: "${HOOK_SECRET}"}
              alertmanager: {url: "\(base)/${ALERT_PATH}"}
            objectives:
              pushes_ok: {push: billing, errors: 1%, window: 1d}
              charged: {saga: charge, errors: 1%, window: 1d}
            services:
              shop:
                store: sqlite:shop.db
                publishes: [Sold, Settled]
              billing:
                store: sqlite:billing.db
                push:
                  shop.Sold:
                    to: "\(base)/${PUSH_PATH}?token=${PUSH_TOKEN}"
                    secret: "${PUSH_SECRET}"
                    attempts: 2
            sagas:
              charge:
                start: shop.Sold
                deadline: 1h
                steps:
                  - step: pay
                    http: {url: "\(base)/pay?key=${SAGA_TOKEN}", body: {id: data.id}}
                    retry: {attempts: 2, wait: 10ms}
                    compensate:
                      http: {url: "\(base)/refund?key=${SAGA_TOKEN}", body: {id: data.id}}
            flows:
              sale:
                start: shop.Sold
                key: id
                within: 1h
                end: shop.Settled
            """
    }

    private func expectNoSecret(_ said: String, _ place: String) {
        #expect(!said.contains("zqw"), "a secret in \(place): \(said)")
        for secret in ["PUSH_SECRET", "HOOK_SECRET"].compactMap({ Self.environment[$0] }) {
            let encoded = Data(secret.utf8).base64EncodedString()
            #expect(!said.contains(encoded), "a secret in \(place): \(said)")
        }
    }

    @Test(arguments: ["text", "json"])
    func nothingThatIsSaidShowsASecret(format: String) async throws {
        let collector = try await HTTPReceiver { _ in .answer(200) }
        let fleet = try FleetDirectory(
            Self.yaml(
                try LoopbackPort.free(), collector: collector.port, encoding: format == "json" ? "json" : "protobuf"))
        func flotilla(_ arguments: String...) async throws {
            let program = try fleet.start(arguments, environment: Self.environment)
            _ = try await program.end()
            expectNoSecret(program.output + program.errors, arguments.joined(separator: " "))
        }
        try await flotilla("check")
        try await flotilla("apply")
        let run = try await fleet.startRun("--log-format", format, environment: Self.environment)
        let signals = try await SignalAddress(of: run)
        for number in 0..<3 {
            try await fleet.store("shop.db").publish(
                OutboxRow(
                    key: "\(number)", type: "Sold", payload: "{\"id\": \(number)}",
                    headers: "{\"traceparent\": \"00-\(Self.trace)-00f067aa0ba902b7-01\"}"))
        }
        try await eventually("the push fails") {
            try await signals.get("/metrics").body.contains("outcome=\"postponed\"} ")
        }
        try await eventually("webhook and Alertmanager cannot be told") {
            run.errors.contains("webhook is not told of alerts") && run.errors.contains("Alertmanager is not told")
        }
        try await eventually("the alert is in the log") { run.errors.contains("pushes_ok") }
        for path in ["/metrics", "/readyz", "/healthz", "/"] { expectNoSecret(try await signals.get(path).body, path) }
        let page = try await RunningPage(of: run)
        let token = "authorization: Bearer \(Self.environment["PAGE_TOKEN"] ?? "")"
        for path in [
            "/", "/api/overview", "/api/parked", "/api/sagas", "/api/flows", "/api/signals?of=billing",
            "/api/signals?of=billing.push", "/api/history?of=store%20billing", "/readyz", "/api/traces",
            "/api/traces?kind=failed",
        ] {
            let answer = try page.ask(path, "-H", token)
            #expect(answer.status != 401, "\(path)")
            expectNoSecret(answer.head + answer.body, path)
            expectNoSecret(try page.ask(path).body, "\(path) without the token")
        }
        // What is there only some time later.
        for (path, part) in [
            ("/api/traces?kind=failed", Self.trace), ("/api/trace?id=\(Self.trace)", "url.full"),
            ("/api/flow?name=sale&id=1", "sale"), ("/api/sagas", "charge/"),
        ] {
            var answer = try page.ask(path, "-H", token)
            try await eventually("\(path) tells of \(part)") {
                answer = try page.ask(path, "-H", token)
                return answer.status == 200 && answer.body.contains(part)
            }
            expectNoSecret(answer.head + answer.body, path)
            if path == "/api/sagas" {
                let id = try #require(answer.body.firstMatch(of: #/"id" ?: ?"([^"]+)"/#)?.1)
                let saga = try page.ask("/api/saga?id=\(id)", "-H", token)
                #expect(saga.status == 200, "\(saga.body)")
                expectNoSecret(saga.head + saga.body, "/api/saga")
            }
        }
        // It goes on for ever: what it says within two seconds.
        let curl = try #require(Command("curl"))
        var stream = ""
        try await eventually("the stream says something") {
            stream = try curl.run(["-skN", "--max-time", "2", "-H", token, page.url + "/api/stream"]).output
            return stream.contains("data:")
        }
        expectNoSecret(stream, "/api/stream")
        for words in [
            ["top", "--once"], ["status"], ["status", "--json"], ["objectives"], ["objectives", "--json"],
            ["objectives", "rules"],
            ["objectives", "export", "--openslo"], ["sagas", "list"], ["parked", "list"], ["plan"], ["flows", "list"],
        ] {
            let program = try fleet.start(words, environment: Self.environment)
            _ = try await program.end()
            expectNoSecret(program.output + program.errors, words.joined(separator: " "))
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        expectNoSecret(run.output + run.errors, "run --log-format \(format)")
        // All that a collector was sent: texts are in protobuf as they are.
        for (signal, part) in [("traces", "url.full"), ("metrics", "flotilla."), ("logs", "carrying fleet careful")] {
            let sent = collector.requests.filter { $0.path.hasSuffix("/v1/\(signal)") }
            #expect(sent.contains { $0.body.contains(part) }, "no \(part) among \(sent.count) requests with \(signal)")
            // It is asked for at its secret path, with its secret.
            #expect(sent.allSatisfy { $0.path.hasPrefix("/zqwotlp/") && $0["authorization"] == "Bearer zqwbearer" })
            for request in sent {
                #expect(request["content-encoding"] == nil)
                expectNoSecret(request.body, "what is exported of \(signal)")
            }
        }
        try await collector.stop()
        if format == "json" {
            for line in run.logLines {
                let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                #expect(object?["fleet"] == "careful", "\(line)")
            }
        } else {
            #expect(run.logLines.allSatisfy { $0.contains(" fleet=careful") }, "\(run.errors)")
        }
    }

    @Test func aBrokerAndAStoreThatCannotBeReachedShowNone() async throws {
        var yaml = Self.yaml(try LoopbackPort.free())
        #if NATS
            yaml = yaml.replacingOccurrences(
                of: "fleet: careful\n",
                with: "fleet: careful\nbroker: \"nats://${NATS_USER}:${NATS_PASSWORD}@127.0.0.1:1\"\n")
        #endif
        #if Postgres
            yaml = yaml.replacingOccurrences(
                of: "services:\n",
                with: """
                    services:
                      ledger:
                        store: "postgres://ledger:${STORE_PASSWORD}@127.0.0.1:1/ledger?options=${STORE_PASSWORD}"
                        publishes: [Booked]

                    """)
        #endif
        let fleet = try FleetDirectory(yaml)
        for words in [["apply"], ["plan"], ["run"], ["status"], ["objectives"], ["status", "--json"]] {
            let program = try fleet.start(words, environment: Self.environment)
            _ = try await program.end()
            expectNoSecret(program.output + program.errors, words.joined(separator: " "))
        }
    }
}
