import FleetCore
import TestKit
import Testing

@testable import Wire

@Suite struct SubjectMappingTests {
    private func mapping(_ topic: String?) throws -> SubjectMapping {
        try SubjectMapping(stream: .sample, topic: topic.map { try TopicPattern($0) })
    }

    private func event(type: String = "OrderPlaced", aggregateType: String = "order") -> Event {
        var event = Event.sample
        event.type = type
        event.aggregateType = aggregateType
        return event
    }

    @Test(
        arguments: [
            (nil, "northwind.orders.>", "northwind.orders.OrderPlaced"),
            ("outbox.event.{aggregatetype}", "outbox.event.>", "outbox.event.order"),
            ("a.{aggregatetype}.{type}", "a.*.>", "a.order.OrderPlaced"), ("a.{type}.z", "a.*.z", "a.OrderPlaced.z"),
            ("a.x-{type}", "a.*", "a.x-OrderPlaced"), ("all", "all", "all"),
            ("{service}.{fleet}.{type}{aggregatetype}", "orders.northwind.*", "orders.northwind.OrderPlacedorder"),
        ] as [(String?, String, String)])
    func patterns(topic: String?, filter: String, subject: String) throws {
        let mapping = try mapping(topic)
        #expect(mapping.filter == filter)
        #expect(mapping.subject(of: event()) == subject)
    }

    @Test(arguments: ["{type}", "{aggregatetype}.x", "a..b", ".a", "a.", "{fleet}..{type}"])
    func patternsThatAreNoSubjects(topic: String) throws {
        let error = try checkThrowsNow(.invalidInput) { try mapping(topic) }
        #expect(error.remedy != nil)
    }

    @Test(arguments: [
        ("a b", "a%20b"), ("a*", "a%2A"), (">", "%3E"), ("", "%"), ("%", "%25"), ("a\u{0}\n\u{7F}", "a%00%0A%7F"),
        ("orders.placed.v2", "orders.placed.v2"), (".a", "%2Ea"), ("a.", "a%2E"), ("a..b", "a.%2Eb"), (".", "%2E"),
        ("..", "%2E%2E"), ("Grüße", "Grüße"), ("a%20b", "a%2520b"),
    ])
    func whatNoTokenCanHold(text: String, token: String) throws {
        #expect(try mapping(nil).subject(of: event(type: text)) == "northwind.orders.\(token)")
    }

    @Test func dotsStandAtTheEndOnly() throws {
        #expect(try mapping("a.{type}.z").subject(of: event(type: "b.c")) == "a.b%2Ec.z")
        #expect(try mapping("a.x{type}").subject(of: event(type: "b.c")) == "a.xb%2Ec")
    }

    /// Any text makes a subject that a server takes, and that the stream's filter takes; no two texts make one.
    @Test func anyTextMakesASubjectOfItsOwn() async throws {
        var random = RandomSource(for: "subjects")
        let pieces = ["a", ".", "*", ">", " ", "%", "%20", "ü", "\t", "\u{0}", "x", "", "🔑", "\r\n"]
        let mapping = try mapping(nil)
        var seen: [String: String] = [:]
        for round in 0..<5_000 {
            if round % 10 == 0 { await Task.yield() }
            let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let subject = mapping.subject(of: event(type: text))
            let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
            #expect(tokens.count >= 3 && !tokens.contains(""), "\(text.debugDescription) → \(subject)")
            #expect(
                subject.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } && !subject.contains("*") && !subject.contains(">"))
            #expect(seen[subject] == nil || seen[subject] == text, "\(text.debugDescription) → \(subject)")
            seen[subject] = text
        }
    }

    @Test func longTextsAreCutAndStayApart() throws {
        let mapping = try mapping(nil)
        let (one, other) = (String(repeating: "ü *", count: 2_000) + "1", String(repeating: "ü *", count: 2_000) + "2")
        let subjects = [one, other].map { mapping.subject(of: event(type: $0)) }
        #expect(subjects[0] != subjects[1])
        #expect(subjects.allSatisfy { $0.utf8.count < 700 })
    }

    @Test func overlaps() throws {
        let other = StreamName(fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "stock"))
        func overlap(_ one: String?, _ two: String?) throws -> Bool {
            try mapping(one).overlaps(try SubjectMapping(stream: other, topic: two.map { try TopicPattern($0) }))
        }
        #expect(try !overlap(nil, nil))
        #expect(try overlap("a.{type}", "a.{aggregatetype}"))
        #expect(try overlap("a.b", "a.{type}"))
        #expect(try overlap("a.{type}.b", "a.x.{type}"))
        #expect(try !overlap("a.{type}.b", "a.{type}.c"))
        #expect(try !overlap("a.b", "a.b.c"))
    }
}
