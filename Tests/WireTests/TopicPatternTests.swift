import FleetCore
import Testing
import Wire

@Suite struct TopicPatternTests {
    @Test(arguments: [
        ("{fleet}.{service}.{aggregatetype}", "northwind.orders.order"),
        ("outbox.event.{aggregatetype}", "outbox.event.order"), ("{type}", "OrderPlaced"),
        ("{type}{type}-{service}_v1", "OrderPlacedOrderPlaced-orders_v1"), ("all", "all"),
    ])
    func placeholdersStandForTheEventsParts(_ text: String, _ topic: String) throws {
        let pattern = try TopicPattern(text)
        #expect(pattern.description == text)
        #expect(pattern.topic(of: .sample, in: .sample) == topic)
    }

    @Test func theStandardIsWhatItSays() throws {
        #expect(try TopicPattern(TopicPattern.standard.description) == .standard)
    }

    @Test(arguments: [
        ("", "it is empty; write {fleet}.{service}.{aggregatetype}"),
        ("a {type}", "it has white space"), ("a/{type}", "it has the character /"),
        ("größe", "it has the character ö; a topic is of ASCII letters"),
        ("outbox.{aggregattype}", "it has no placeholder {aggregattype}; did you mean {aggregatetype}?"),
        ("{Type}", "did you mean {type}?"),
        ("{key}", "there are {fleet}, {service}, {aggregatetype}, {type}"),
        ("{}", "there is nothing between { and }"), ("a.{type", "a { is not closed"),
        ("a.{{type}}", "a { is not closed"),
        ("a.type}", "a } closes nothing"), ("{type}}", "a } closes nothing"), ("..", "no topic is called .."),
        (String(repeating: "a", count: 250), "longer than 249"),
        ("{type}" + String(repeating: "a", count: 250), "longer than the 249"),
    ])
    func whatIsNoPatternIsRefused(_ text: String, _ part: String) {
        let error = #expect(throws: FleetError.self) { try TopicPattern(text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test(
        arguments: [
            ("order", nil), ("sales order", "its topic has other characters than ASCII letters"),
            ("Größe", "other characters"),
            ("a\nb", "other characters"), (String(repeating: "a", count: 240), "longer than 249"),
        ] as [(String, String?)])
    func aTopicThatNoBrokerTakesIsTold(_ aggregate: String, _ part: String?) {
        var event = Event.sample
        event.aggregateType = aggregate
        let message = WireMapping(stream: .sample).message(of: event)
        // As the event says it: two aggregate types never meet in one topic.
        #expect(message.topic == "northwind.orders.\(aggregate)")
        #expect((message.objection == nil) == (part == nil))
        if let part { #expect(message.objection?.contains(part) == true) }
    }
}
