import Testing

@testable import FleetCore

/// W3C Trace Context: what is a `traceparent`, and what is not.
@Suite struct TraceContextTests {
    static let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func theExampleOfTheRecommendation() throws {
        let context = try #require(TraceContext(Self.example))
        #expect(context.trace.description == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.span.description == "00f067aa0ba902b7")
        #expect(context.isSampled)
        #expect(context.description == Self.example)
        #expect(context.trace.bytes.first == 0x4B && context.trace.bytes.count == 16)
        #expect(context.span.bytes == [0x00, 0xF0, 0x67, 0xAA, 0x0B, 0xA9, 0x02, 0xB7])
    }

    @Test(arguments: [
        // Flags that are not sampled; flags that nobody knows are not passed on.
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false, "00"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", true, "03"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", true, "03"),
        // Of a later version, what stands behind it as well.
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true, "01"),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings", true, "01"),
    ])
    func whatIsOne(_ text: String, isSampled: Bool, flags: String) throws {
        let context = try #require(TraceContext(text))
        #expect(context.isSampled == isSampled)
        #expect(context.description == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-\(flags)")
    }

    @Test(arguments: [
        "", "00", "hello", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e47é-00f067aa0ba902b7-01",
    ])
    func whatIsNone(_ text: String) { #expect(TraceContext(text) == nil) }

    @Test func idsThatFollowAreTheSameForEverybodyAndApart() throws {
        let context = try #require(TraceContext(Self.example))
        let event = EventID(high: 1, low: 2)
        let stream = StreamName(fleet: FleetName(unchecked: "shop"), service: ServiceName(unchecked: "orders"))
        let other = StreamName(fleet: FleetName(unchecked: "shop"), service: ServiceName(unchecked: "stock"))
        let publication = context.publication(of: event, in: stream)
        #expect(publication != context.publication(of: event, in: other))
        #expect(publication == context.publication(of: event, in: stream))
        // What the span above it is does not matter: a later one finds the same.
        #expect(publication.span == context.newChild().publication(of: event, in: stream).span)
        #expect(publication.trace == context.trace && publication.flags == context.flags)
        var ids: Set<TraceContext.SpanID> = [context.span]
        for number in 0..<10_000 {
            ids.insert(context.publication(of: EventID(high: 7, low: UInt64(number)), in: stream).span)
        }
        for text in ["a", "b", "ab"] { ids.insert(context.child("step", text).span) }
        ids.insert(context.child("stepa", "b").span)
        #expect(ids.count == 10_005)
    }

    @Test func anEventKnowsWhetherItIsTraced() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
        var event = Event(
            id: EventID(high: 1, low: 2), source: "/shop/orders", type: "Placed", key: "1",
            aggregateType: "Order", time: Timestamp(microseconds: 0), traceParent: text + "1", payload: [])
        #expect(event.isTraced && event.tracedPart == 0x48_EB21_1C80_319C)
        event.traceParent = text + "0"
        #expect(!event.isTraced && event.tracedPart == nil)
        event.traceParent = text + "3"
        #expect(event.isTraced)
        event.traceParent = nil
        #expect(!event.isTraced && event.tracedPart == nil)
    }

    @Test func aLookAtOneDigitTellsWhatIsNotRecorded() throws {
        for flags in 0...255 {
            let digits = String(flags, radix: 16)
            let text =
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-" + (digits.count == 1 ? "0" : "") + digits
            let isSampled = try #require(TraceContext(text)).isSampled
            #expect(TraceContext.sampledPart(of: text) == (isSampled ? 0x48_EB21_1C80_319C : nil), "\(text)")
        }
        #expect(
            TraceContext.sampledPart(of: "") == nil && TraceContext.sampledPart(of: "nothing") == nil
                && TraceContext.sampledPart(of: nil) == nil)
    }

    @Test func aBatchHasThoseThatBelongToATrace() {
        func event(_ traceParent: String?) -> Event {
            Event(
                id: .make(), source: "/f/s", type: "T", key: "k", aggregateType: "", time: .now(),
                traceParent: traceParent, payload: [])
        }
        let unsampled = String(Self.example.dropLast()) + "0"
        let events = [event(nil), event(Self.example), event("nonsense"), event(unsampled)]
        #expect(TracedEvent.all(of: events, admittedBy: Gate(isOpen: true)).map(\.id) == [events[1].id])
        #expect(TracedEvent.all(of: events, admittedBy: Gate(isOpen: false)).isEmpty)
    }

    private struct Gate: WorkTracer {
        let isOpen: Bool
        func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool { isOpen }
        func worked(on events: [TracedEvent], took: Duration) {}
        func requested(
            _ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration
        ) {}
    }
}
