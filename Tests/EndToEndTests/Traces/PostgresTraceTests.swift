#if Postgres
    import Foundation
    import HTTPReceiver
    import TestKit
    import Testing

    /// The way of an event out of PostgreSQL, by each way of capture: through a saga's command, a view that writes an outbox row,
    /// and back.
    @Suite(.serialized, .lanes) struct PostgresTraceTests {
        @Test(arguments: CountingFleet.Capture.allCases)
        func oneTraceOutOfPostgreSQL(_ capture: CountingFleet.Capture) async throws {
            let server = try await PrivatePostgres.shared()
            let (database, reservations) = (try await server.makeDatabase(), try await server.makeDatabase())
            let collector = try await HTTPReceiver { _ in .answer(200) }
            let fleet = try FleetDirectory(
                """
                fleet: \(database.replacing("_", with: "-"))
                telemetry:
                  otlp: {url: "http://127.0.0.1:\(collector.port)", signals: [traces]}
                  sampling: {wait: 1s, share: 1}
                services:
                  orders:
                    store: {url: "\(server.url(database))", schema: orders}
                    outbox: {capture: \(capture.rawValue)}
                    publishes: [OrderPlaced, Reserve]
                  stock:
                    store: {url: "\(server.url(reservations))", schema: stock}
                    publishes: [Reserved]
                    views:
                      reservations:
                        schema: CREATE TABLE reservations (id TEXT PRIMARY KEY)
                        when:
                          orders.Reserve: |
                            INSERT INTO reservations VALUES (:id);
                            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
                              VALUES (CAST(:id AS uuid), 'stock', :key, 'Reserved',
                                json_build_object('saga', CAST(:data.saga AS json)), :traceparent);
                sagas:
                  fulfil:
                    start: orders.OrderPlaced
                    deadline: 5m
                    steps:
                      - step: reserve
                        role: retriable
                        command:
                          send: orders.Reserve
                          key: "{data.order}"
                          reply: stock.Reserved
                """)
            let applied = try await fleet.flotilla("apply")
            try check(applied.ended(0), applied.said)
            let event = """
                gen_random_uuid(), 'order', 'o1', 'OrderPlaced', json_build_object('order', 'o1'),
                '\(TracedFleet.traceParent(1))'
                """
            if capture == .message {
                try server.psql(
                    database,
                    """
                    SELECT pg_logical_emit_message(true, 'flotilla', json_build_object('id', id, 'aggregatetype', kind,
                        'aggregateid', key, 'type', type, 'payload', payload, 'traceparent', trace)::text)
                    FROM (SELECT \(event)) AS event (id, kind, key, type, payload, trace)
                    """)
            } else {
                try server.psql(
                    database,
                    """
                    INSERT INTO orders.outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
                    SELECT \(event)
                    """)
            }
            let ended = try await fleet.flotilla("run", "--until-idle")
            #expect(ended.ended(0), "\(ended.said)")
            guard let decoder = OTLPDecoder() else { return try await collector.stop() }
            let requests = collector.requests.filter { $0.path == "/v1/traces" }
            let spans = try decoder.decode(requests.map { ($0.path, $0["content-type"] ?? "", $0.bytes) })
                .map(ToldSpan.init)
            #expect(Set(spans.map(\.trace)) == [TracedFleet.trace(1)])
            let step = try #require(spans.first { $0.name == "step reserve" })
            let command = try #require(spans.first { $0.text("cloudevents.event_type") == "Reserve" && $0.kind == 4 })
            #expect(command.parent == step.id)
            let effect = try #require(spans.first { $0.name.hasPrefix("apply") })
            #expect(effect.parent == command.id && effect.text("db.system.name") == "postgresql")
            #expect(spans.contains { $0.text("cloudevents.event_type") == "Reserved" && $0.parent == step.id })
            #expect(spans.contains { $0.name == "saga fulfil" && $0.status == 0 })
            try await collector.stop()
        }
    }
#endif
