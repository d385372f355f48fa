import FleetCore
import Testing
import Wire

@Suite struct CloudEventsTests {
    private static func message(_ change: (inout Event) -> Void = { _ in }) -> WireMessage {
        var event = Event.sample
        change(&event)
        return WireMapping(stream: .sample).message(of: event)
    }

    private static let usual: [WireMessage.Header] = [
        .init("ce_specversion", "1.0"), .init("ce_id", "01984f2c-0000-7000-8000-000000000001"),
        .init("ce_source", "/northwind/orders"), .init("ce_type", "OrderPlaced"), .init("ce_subject", "17"),
        .init("ce_time", "2026-02-28T12:34:56.789012Z"), .init("ce_partitionkey", "17"),
        .init("ce_traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        .init("content-type", "application/json"),
    ]

    private static func without(_ names: String...) -> [WireMessage.Header] {
        usual.filter { !names.contains($0.name) }
    }

    @Test func attributesAreHeadersAndThePayloadIsTheValue() {
        let expected = WireMessage(
            topic: "northwind.orders.order", key: "17", headers: Self.usual, value: Array("{\"n\": 1}".utf8))
        #expect(Self.message() == expected)
        #expect(Self.message().objection == nil)
    }

    @Test func whatMayNotBeEmptyIsLeftOut() {
        #expect(Self.message { $0.traceParent = nil }.headers == Self.without("ce_traceparent"))
        #expect(Self.message { $0.traceParent = "" }.headers == Self.without("ce_traceparent"))
        let keyless = Self.message { $0.key = "" }
        #expect(keyless.headers == Self.without("ce_subject", "ce_partitionkey"))
        #expect(keyless.key == "")
    }

    @Test func anEventWithoutDataHasNoValue() {
        let none = Self.message {
            $0.contentType = Event.noContentType
            $0.payload = []
        }
        #expect(none.value == nil)
        #expect(none.headers == Self.without("content-type"))
        let empty = Self.message { $0.payload = [] }
        #expect(empty.value == [])
        #expect(empty.headers == Self.usual)
    }

    @Test func aWritersHeadersFollowAndNeverOverride() {
        let written = """
            {"tenant": "Grüße", "ce_id": "forged", "CE_Type": "forged", "ce_subject": "forged", "ce_dataschema": "/s",
             "ce_datacontenttype": "text/plain", "id": "own"}
            """
        let message = Self.message { $0.headers = written }
        let own: [WireMessage.Header] = [
            .init("tenant", "Grüße"), .init("ce_dataschema", "/s"), .init("id", "own"),
        ]
        #expect(message.headers == Self.usual + own)
        // Not even where we have nothing to say.
        let keyless = Self.message {
            $0.key = ""
            $0.headers = "{\"ce_subject\": \"forged\"}"
        }
        #expect(keyless.headers == Self.without("ce_subject", "ce_partitionkey"))
        #expect(Self.message { $0.headers = "no JSON" }.headers == Self.usual)
    }

    @Test func theWriterSaysWhatThePayloadIs() {
        let message = Self.message { $0.headers = "{\"Content-Type\": \"application/avro\"}" }
        #expect(message.headers == Self.without("content-type") + [.init("Content-Type", "application/avro")])
    }
}
