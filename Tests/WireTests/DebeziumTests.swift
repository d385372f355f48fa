import FleetCore
import Foundation
import Testing
import Wire

/// Messages in the format of Debezium's outbox event router, against what the router sent.
///
/// Here the events are made of the recorded messages, so that it is their form that is held: topic, key, headers in their
/// order, value or none. `EndToEndTests/DebeziumTests` writes the rows themselves, and captures them.
@Suite struct DebeziumTests {
    /// Configurations that have our form, each with its topics.
    static let equal: [String: String] = [
        "bytea-binary-data": router, "bytea-bytes": router, "insert-only": router, "json-string": router,
        "jsonb-string": router, "jsonb-tombstone": router, "life": router, "life-full": router, "partition": router,
        "route-replacement": "events.{aggregatetype}.v1", "snapshot": router, "text-of-json-string": router,
        "text-string": router, "timestamp": router, "timestamp-3": router,
        "timestamp-null": router, "tracing": router, "varchar-string": router,
        // But for the headers that Debezium adds to those of its router.
        "context-headers": router,
    ]

    /// Configurations that have another form, and why.
    static let different: [String: String] = [
        "bytea-json": json, "context-headers-json": json, "jsonb-json": json, "jsonb-json-tombstone": json,
        "text-json": json, "names-json": json, "headers-json": json,
        "jsonb-expanded": expanded, "json-expanded": expanded, "text-expanded": expanded,
        "headers-simple": placement, "headers-string": placement, "type-header": placement, "envelope": placement,
        "text-tombstone": "route.tombstone.on.empty.payload makes NULL of empty and blank texts",
        "names-string": "its columns have other names", "route-regex": "its topics are made by a regular expression",
        "expanded-long-number": refusal, "jsonb-bytes": refusal, "timestamp-bigint": refusal,
        "timestamp-zone": refusal, "tracing-malformed": refusal,
    ]

    private static let router = "outbox.event.{aggregatetype}"
    private static let json = "the JSON converter writes texts in quotes, and NULL as the word null"
    private static let expanded = "table.expand.json.payload writes payloads anew"
    private static let placement = "table.fields.additional.placement puts columns elsewhere"
    private static let refusal = "the connector ends, and sends nothing"

    /// Names that begin so are Debezium's own, and not of the router's default.
    private static let ownHeaders = "__debezium."

    @Test func everyConfigurationIsJudged() throws {
        #expect(try Fixture.names == (Array(Self.equal.keys) + Array(Self.different.keys)).sorted())
        for name in Self.different.filter({ $0.value == Self.refusal }).keys {
            let fixture = try Fixture(named: name)
            #expect(fixture.error != nil && fixture.records.isEmpty, "\(name)")
        }
    }

    @Test(arguments: equal.sorted { $0.key < $1.key }.map { [$0.key, $0.value] })
    func messagesAreTheRouters(_ configuration: [String]) throws {
        let fixture = try Fixture(named: configuration[0])
        let parts = configuration[1].components(separatedBy: "{aggregatetype}")
        let stream = StreamName(fleet: FleetName(unchecked: "f"), service: ServiceName(unchecked: "orders"))
        let mapping = WireMapping(stream: stream, topic: try TopicPattern(configuration[1]), format: .debezium)
        #expect(!fixture.records.isEmpty)
        for record in fixture.records {
            let isRouted = record.topic.hasPrefix(parts[0]) && record.topic.hasSuffix(parts[1])
            let aggregate =
                isRouted ? String(record.topic.dropFirst(parts[0].count).dropLast(parts[1].count)) : record.topic
            let headers = record.headers.filter { !$0.name.hasPrefix(Self.ownHeaders) }
            let id = try #require(headers.first?.value.text.flatMap { EventID($0) })
            let event = Event(
                id: id, source: stream.source, type: "Type", key: try #require(record.key.text),
                aggregateType: aggregate, time: Timestamp(microseconds: 0), traceParent: "00-1-2-03",
                headers: "{\"own\": \"header\"}",
                contentType: record.value.bytes == nil ? Event.noContentType : Event.usualContentType,
                payload: record.value.bytes ?? [])
            let message = mapping.message(of: event)
            #expect(message.topic == record.topic)
            #expect(Array(message.key.utf8) == record.key.bytes)
            #expect(message.headers == headers.map { .init($0.name, $0.value.text ?? "") })
            #expect(message.value == record.value.bytes)
        }
    }

    /// What a Java regular expression takes for the end of a line, and what it does not.
    @Test(arguments: [
        ("a\rb", false), ("a\r\nb", false), ("\u{85}", false), ("\u{2028}", false), ("a\u{2029}", false),
        ("a\u{B}b", true), ("a\u{C}b", true), ("\t", true), ("", true),
    ])
    func whatEndsALineIsNotRouted(_ aggregate: String, _ isRouted: Bool) throws {
        var event = Event.sample
        event.aggregateType = aggregate
        let mapping = WireMapping(stream: .sample, topic: try TopicPattern(Self.router), format: .debezium)
        #expect(mapping.message(of: event).topic == (isRouted ? "outbox.event." : "") + aggregate)
    }
}
