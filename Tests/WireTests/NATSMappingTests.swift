import FleetCore
import TestKit
import Testing

@testable import Wire

@Suite struct NATSMappingTests {
    private func mapping(_ format: WireFormat = .cloudEvents) throws -> NATSMapping {
        NATSMapping(stream: .sample, subjects: try SubjectMapping(stream: .sample), format: format)
    }

    private func read(_ message: WireMessage) throws -> Event {
        try mapping().event(
            header: { name in message.headers.first { $0.name == name }?.value }, payload: message.value ?? [],
            stored: Timestamp(microseconds: 7))
    }

    /// As they are on the wire: what libnats writes and reads is printable ASCII, and never empty.
    private func expectHeadersOfASCII(_ message: WireMessage) {
        for header in message.headers where header.name.hasPrefix("ce-") || header.name.hasPrefix("flotilla-") {
            #expect(!header.value.isEmpty, "\(header)")
            #expect(header.value.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(header)")
        }
    }

    /// What events have in common is made once: none says what another does.
    @Test func aBatchSaysWhatItsEventsSay() throws {
        var random = RandomSource(for: "batches of NATS messages")
        let texts = ["", "a", "b", "Grüße"]
        let events = (0..<500).map { _ in
            func text() -> String { texts.randomElement(using: &random) ?? "" }
            var event = Event.sample
            event.source = text()
            event.type = text()
            event.aggregateType = text()
            event.contentType = text()
            return event
        }
        for format in WireFormat.allCases {
            let mapping = try mapping(format)
            let text = mapping.messages(of: events)
            for (number, message) in events.map({ mapping.message(of: $0) }).enumerated() {
                #expect(text.subject(of: number) == message.topic && text.headers(of: number) == message.headers)
            }
        }
    }

    @Test func anyEventComesBackAsItWas() async throws {
        var random = RandomSource(for: "NATS messages")
        let texts = ["", "a", "Grüße", "世界 🔑", "\0", "a\r\nb: c", " ", "%", "%2", "\"", "e\u{301}", "null"]
        for round in 0..<2_000 {
            if round % 10 == 0 { await Task.yield() }
            func text() -> String { texts.randomElement(using: &random) ?? "" }
            var event = Event.sample
            event.id = EventID(high: random.next(), low: random.next())
            event.source = text()
            event.type = text()
            event.key = text()
            event.aggregateType = text()
            event.traceParent = Bool.random(using: &random) ? text() : nil
            event.headers = Bool.random(using: &random) ? text() : nil
            event.contentType =
                ["application/json", "", "application/avro", "text/plain; charset=\"ü\""]
                .randomElement(using: &random) ?? ""
            event.payload = event.hasData ? Array(text().utf8) : []
            event.time = Timestamp(
                microseconds: Int64.random(in: -1_000_000_000_000...253_402_300_799_999_999, using: &random))
            for format in WireFormat.allCases {
                let message = try mapping(format).message(of: event)
                expectHeadersOfASCII(message)
                #expect(try read(message) == event)
            }
        }
    }

    @Test func writersHeadersFollowButNoneThatTellsTheServerWhatToDo() throws {
        var event = Event.sample
        event.headers = """
            {"tenant": "Grüße", "Nats-Rollup": "all", "ce-id": "x", "Flotilla-Empty": "x", "a b": "c", "two": "1\\r\\n2", "id": "x"}
            """
        let message = try mapping(.debezium).message(of: event)
        let names = message.headers.map(\.name)
        #expect(names.filter { $0.lowercased() == "id" } == ["id"])
        #expect(message.headers.contains(.init("tenant", "Grüße")))
        #expect(message.headers.contains(.init("two", "1%0D%0A2")))
        for refused in ["Nats-Rollup", "Flotilla-Empty", "a b"] { #expect(!names.contains(refused)) }
        #expect(names.filter { $0 == "ce-id" }.count == 1)
        #expect(try read(message) == event)
    }

    @Test func whatIsNoEventIsSaid() throws {
        func refuse(_ headers: [String: String]) throws {
            let error = try checkThrowsNow(.badEvent) {
                try mapping().event(header: { headers[$0] }, payload: [], stored: Timestamp(microseconds: 0))
            }
            #expect(!error.message.isEmpty)
        }
        let right = ["ce-id": "0192f3a4-5b6c-7000-8000-000000000001", "ce-source": "/a", "ce-type": "T"]
        try refuse([:])
        for name in right.keys { try refuse(right.filter { $0.key != name }) }
        try refuse(right.merging(["ce-id": "1"]) { $1 })
        try refuse(right.merging(["ce-time": "today"]) { $1 })
        try refuse(right.merging(["ce-type": "%"]) { $1 })
        try refuse(right.merging(["ce-type": "%FF"]) { $1 })
    }

    @Test func anEventOfSomebodyElseIsOneWithWhatItSays() throws {
        let headers = [
            "ce-id": "0192f3a4-5b6c-7000-8000-000000000001", "ce-source": "/a", "ce-type": "T", "ce-subject": "k",
        ]
        let event = try mapping().event(
            header: { headers[$0] }, payload: Array("{}".utf8), stored: Timestamp(microseconds: 5))
        #expect(event.key == "k")
        #expect(event.time == Timestamp(microseconds: 5))
        #expect(event.contentType == "application/json")
    }
}
