#if Postgres
    import FleetCore
    import Foundation
    import PostgresConnection
    import Stores

    /// A backlog out of an outbox table, against the same rows read and deleted by hand.
    enum PollBenchmark {
        private static let rows = 300_000
        private static let batch = 4096

        static func run(_ workspace: Workspace) async throws {
            let server = try await BenchServer()
            try await server.apply(.poll)
            var byHand: [Double] = []
            var counted: [Double] = []
            var durable: [Double] = []
            for _ in 0..<BenchRounds.count {
                try fill(server)
                byHand.append(try await self.byHand(server))
                try fill(server)
                counted.append(try drain(server, into: .count, workspace))
                try fill(server)
                durable.append(try drain(server, into: .broker, workspace))
            }
            server.stop()
            func rate(_ times: [Double]) -> Int { Int(Double(rows) / times.median) }
            print("an outbox of \(rows) rows of 282 bytes; medians of \(byHand.count) runs in turns")
            print("  SELECT … LIMIT \(batch) and DELETE by hand:  \(rate(byHand)) rows a second")
            for (title, times) in [("into a sink that counts: ", counted), ("into the embedded broker:", durable)] {
                print(
                    "  \(title)                \(rate(times)) events a second; ratio:"
                        + " \(rounded(byHand.median / times.median)) (wanted: at least 0.50)")
            }
        }

        private static func fill(_ server: BenchServer) throws {
            try server.psql(
                """
                TRUNCATE outbox;
                INSERT INTO outbox SELECT gen_random_uuid(), 'Order', order_id::text, 'OrderPlaced', order_payload(order_id)
                    FROM (SELECT nextval('order_ids') AS order_id FROM generate_series(1, \(rows))) AS orders;
                ANALYZE outbox;
                CHECKPOINT
                """)
            sync()
        }

        private static func byHand(_ server: BenchServer) async throws -> Double {
            let connection = PostgresConnection(server.address)
            let time = try await seconds {
                var found = 0
                repeat {
                    found = try await connection.transaction(.update) { session in
                        let result = try session.statement(
                            """
                            SELECT flotilla_sequence, id, aggregatetype, aggregateid, type, payload FROM outbox
                            ORDER BY flotilla_sequence LIMIT \(batch)
                            """
                        ).result([])
                        guard result.rowCount > 0 else { return 0 }
                        let (first, last) = (result.text(0, 0), result.text(result.rowCount - 1, 0))
                        return try session.statement(
                            "DELETE FROM outbox WHERE flotilla_sequence BETWEEN $1 AND $2"
                        ).run([.integer(Int64(first) ?? 0), .integer(Int64(last) ?? 0)])
                    }
                } while found > 0
            }
            await connection.close()
            return time
        }

        private static func drain(_ server: BenchServer, into sink: Drain.Sink, _ workspace: Workspace) throws -> Double
        {
            try Drain.measure(
                url: server.url, capture: .poll, events: rows, sink: sink, directory: workspace.file("d")
            ).seconds
        }
    }
#endif
