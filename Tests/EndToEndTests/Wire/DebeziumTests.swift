import Foundation
import GRDB
import TestKit
import Testing

/// An outbox that was made for Debezium's router works unchanged, and its events are on the wire what the router made of
/// them.
@Suite(.serialized, .lanes) struct DebeziumTests {
    private static let router = "outbox.event.{aggregatetype}"

    private static func service(_ name: String, store: String, settings: String = "", topic: String = router) -> String
    {
        """
          \(name):
            store: "\(store)"
            publishes: ["*"]
            topic: \(topic)
            format: debezium
        \(settings)
        """
    }

    private static func compare(
        _ name: String, _ service: String, with expected: [RouterFixture.Record], in fleet: FleetDirectory
    ) async throws {
        let told = try await fleet.flotilla("events", service)
        #expect(told.ended(0), "\(name): \(told.said)")
        let found = try WireRecord.all(in: told.output).map { RouterFixture.Record($0) }
        #expect(found.count == expected.count, "\(name)")
        for (found, expected) in zip(found, expected) { #expect(found == expected, "\(name)") }
    }

    #if Postgres
        /// Configurations of the router, each a database and a service: the documented table with each type of payload, rows
        /// deleted at once, rows that were there before, columns that we do not know.
        private static let logged = [
            "jsonb-string", "json-string", "text-of-json-string", "text-string", "varchar-string", "bytea-bytes",
            "bytea-binary-data", "insert-only", "context-headers", "life", "life-full", "snapshot", "tracing",
            "timestamp", "timestamp-3", "timestamp-null", "partition", "jsonb-tombstone", "route-replacement",
        ]
        /// Rows that are deleted in their own transaction, and truncated tables, are not seen by looking.
        private static let polled = ["jsonb-string", "json-string", "text-string", "bytea-bytes", "snapshot"]

        @Test(arguments: ["log", "poll"]) func rowsInPostgreSQLAreTheRouters(_ capture: String) async throws {
            let server = try await PrivatePostgres.shared()
            let names = capture == "log" ? Self.logged : Self.polled
            var yaml = "fleet: peers-\(capture)\nservices:\n"
            var databases: [String: String] = [:]
            for name in names {
                let database = try await server.makeDatabase()
                databases[name] = database
                // The service makes its table itself.
                for statement in try RouterFixture(name).setup { try server.psql(database, statement) }
                yaml += Self.service(
                    name, store: server.url(database), settings: "    outbox: {capture: \(capture)}\n",
                    topic: name == "route-replacement" ? "events.{aggregatetype}.v1" : Self.router)
            }
            let fleet = try FleetDirectory(yaml)
            let apply = try await fleet.flotilla("apply")
            #expect(apply.ended(0), "\(apply.said)")
            for name in names {
                try server.psql(databases[name] ?? "", try RouterFixture(name).sql.joined(separator: "\n"))
            }
            let run = try await fleet.flotilla("run", "--until-idle")
            #expect(run.ended(0), "\(run.said)")
            for name in names {
                try await Self.compare(name, name, with: try RouterFixture(name).expected, in: fleet)
            }
            let parked = try await fleet.flotilla("parked", "list")
            #expect(parked.output.contains("nothing is parked"), "\(parked.said)")
        }
    #endif

    /// The same on SQLite, where the service's table has the same columns; what the rows hold is what PostgreSQL gave to
    /// the router.
    @Test(arguments: [
        ("text-of-json-string", "text"), ("jsonb-string", "text"), ("text-string", "text"), ("bytea-bytes", "blob"),
    ])
    func rowsInSQLiteAreTheRouters(_ name: String, _ type: String) async throws {
        let expected = try RouterFixture(name).expected
        let fleet = try FleetDirectory("fleet: f\nservices:\n" + Self.service("orders", store: "sqlite:orders.db"))
        let store = try fleet.store("orders.db")
        try await store.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE outbox (
                        id uuid NOT NULL,
                        aggregatetype varchar(255) NOT NULL,
                        aggregateid varchar(255) NOT NULL,
                        type varchar(255) NOT NULL,
                        payload \(type)
                    )
                    """)
        }
        #expect(try await fleet.flotilla("apply").ended(0))
        try await store.write { database in
            for record in expected {
                let bytes = record.value.bytes
                let payload: (any DatabaseValueConvertible)? =
                    type == "blob" ? bytes.map { Data($0) } : bytes.map { String(decoding: $0, as: UTF8.self) }
                let routed = "outbox.event."
                let aggregate =
                    record.topic.hasPrefix(routed) ? String(record.topic.dropFirst(routed.count)) : record.topic
                try database.execute(
                    sql: "INSERT INTO outbox VALUES (?, ?, ?, 'T', ?)",
                    arguments: [
                        record.headers[0].value.bytes.map { String(decoding: $0, as: UTF8.self) }, aggregate,
                        record.key.bytes.map { String(decoding: $0, as: UTF8.self) }, payload,
                    ])
            }
        }
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        try await Self.compare(name, "orders", with: expected, in: fleet)
    }

    private static var stores: [String] {
        #if Postgres
            ["sqlite", "poll", "log"]
        #else
            ["sqlite"]
        #endif
    }

    /// An event without data that was parked, and is let go, still has none.
    @Test(arguments: stores) func aParkedEventWithoutDataKeepsNone(_ store: String) async throws {
        var address = "sqlite:orders.db"
        var settings = ""
        var write: (FleetDirectory, String) async throws -> Void = { fleet, sql in
            try await fleet.store("orders.db").write { try $0.execute(sql: sql) }
        }
        #if Postgres
            if store != "sqlite" {
                let server = try await PrivatePostgres.shared()
                let database = try await server.makeDatabase()
                address = server.url(database)
                settings = "    outbox: {capture: \(store)}\n"
                write = { _, sql in try server.psql(database, sql) }
            }
        #endif
        let yaml =
            "fleet: parked-\(store)\nservices:\n"
            + Self.service("orders", store: address, settings: settings)
        let fleet = try FleetDirectory(yaml.replacing("[\"*\"]", with: "[Other]"))
        let apply = try await fleet.flotilla("apply")
        #expect(apply.ended(0), "\(apply.said)")
        for (id, payload) in [("1", "NULL"), ("2", "'\"text\"'")] {
            try await write(
                fleet,
                """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                VALUES ('00000000-0000-4000-8000-00000000000\(id)', 'Order', '1', 'T', \(payload))
                """)
        }
        let run = try await fleet.flotilla("run", "--until-idle")
        #expect(run.ended(3), "\(run.said)")
        try fleet.write(yaml)
        let retry = try await fleet.flotilla("parked", "retry")
        #expect(retry.ended(0), "\(retry.said)")
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        let told = try await fleet.flotilla("events", "orders")
        #expect(try WireRecord.all(in: told.output).map(\.value) == [nil, "\"text\""], "\(told.said)")
    }
}
