#if Postgres
    import FleetCore
    import Foundation

    /// What an event costs the service that writes it: transactions a second of `pgbench -c 4`.
    enum WriterCostBenchmark {
        /// Transactions of each of the four clients. Not a time: pgbench ends that by a signal, which a process that is started
        /// from a thread of a pool has blocked.
        private static let transactions = 5_000

        private static let order = """
            \\set customer random(1000, 9999)
            BEGIN;
            INSERT INTO orders (id, customer_id, total) VALUES (nextval('order_ids'), :customer, 33.25);

            """
        private static let insertion = """
            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
            VALUES (gen_random_uuid(), 'Order', '10000000', 'OrderPlaced', '\(payload)');

            """
        private static let message = """
            SELECT pg_logical_emit_message(true, 'flotilla', '{"id": "' || gen_random_uuid() || '", "aggregatetype":'
                ' "Order", "aggregateid": "10000000", "type": "OrderPlaced", "payload": \(payload)}');

            """
        private static let deletion = """
            WITH row AS (\(insertion.replacing(";\n", with: "")) RETURNING id) SELECT id AS event FROM row \\gset
            DELETE FROM outbox WHERE id = ':event';

            """
        private static var payload: String { Rows.payload(10_000_000) }

        static func run(_ workspace: Workspace) async throws {
            // A slot that nobody reads makes the server write its log as it does for one that is read.
            let plain = try await server(.log)
            let polled = try await server(.poll)
            let variants: [(name: String, server: BenchServer, script: String)] = [
                ("the business row alone", plain, order),
                ("with a logical message (capture: message)", plain, order + message),
                ("with an outbox row deleted at once (capture: log)", plain, order + deletion),
                ("with an outbox row (capture: log)", plain, order + insertion),
                ("with an outbox row (capture: poll)", polled, order + insertion),
            ]
            var rates = [[Double]](repeating: [], count: variants.count)
            for _ in 0..<BenchRounds.count {
                for (index, variant) in variants.enumerated() {
                    rates[index].append(
                        try rate(variant.script + "COMMIT;\n", variant.server, workspace))
                }
            }
            plain.stop()
            polled.stop()
            print(
                "pgbench -c 4, \(4 * transactions) transactions; medians of \(BenchRounds.count) runs in turns; nobody captures"
            )
            let alone = rates[0].median
            for (index, variant) in variants.enumerated() {
                print(
                    "  \(rounded(rates[index].median / alone)) of it: \(Int(rates[index].median)) a second"
                        + " \(variant.name)")
            }
        }

        private static func server(_ capture: CaptureMode) async throws -> BenchServer {
            let server = try await BenchServer()
            try await server.apply(capture)
            return server
        }

        private static func rate(_ script: String, _ server: BenchServer, _ workspace: Workspace) throws -> Double {
            let file = workspace.file("script.sql")
            try script.write(toFile: file, atomically: true, encoding: .utf8)
            let output = Pipe()
            try server.run(
                "pgbench",
                ["-n", "-M", "simple", "-c", "4", "-j", "2", "-t", "\(transactions)", "-f", file, server.url],
                output: output)
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix("tps = ") }
            guard let rate = line?.dropFirst(6).split(separator: " ").first.flatMap({ Double($0) }) else {
                throw FleetError(.unavailable, "pgbench said: \(text)")
            }
            return rate
        }
    }

    extension String {
        fileprivate func replacing(_ text: String, with other: String) -> String {
            replacingOccurrences(of: text, with: other)
        }
    }
#endif
