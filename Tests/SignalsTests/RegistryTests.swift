import FleetCore
import Signals
import Synchronization
import Testing

@Suite struct RegistryTests {
    @Test func theSameLabelsAreTheSameSeries() {
        let registry = SignalRegistry()
        let metric = Metric("test.events", .counter, .events, ["service"], "Events.")
        registry.counter(metric).series("orders").add(2)
        registry.counter(metric).series("orders").add(3)
        registry.counter(metric).series("stock").add()
        #expect(registry.text().contains("test_events_total{service=\"orders\"} 5\n"))
        #expect(registry.text().contains("test_events_total{service=\"stock\"} 1\n"))
    }

    @Test func tenThousandValuesOfOneLabelAreBoundedAndSaidOnce() {
        let told = Mutex<[String]>([])
        let registry = SignalRegistry(onOverflow: { metric in told.withLock { $0.append(metric.name) } })
        let metric = Metric("test.events", .counter, .events, ["key"], "Events.", seriesLimit: 100)
        for number in 0..<10_000 { registry.counter(metric).series("k\(number)").add() }
        let lines = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == 101)
        #expect(lines.contains("test_events_total{key=\"overflow\"} 9900"))
        #expect(told.withLock { $0 } == ["test.events"])
    }

    @Test func aGaugeThatIsNotKnownIsNotTold() {
        let registry = SignalRegistry()
        let gauge = registry.gauge(Metric("test.depth", .gauge, .events, [], "Depth.")).series()
        #expect(registry.text().isEmpty)
        gauge.set(0)
        #expect(registry.text().contains("test_depth 0\n"))
        gauge.set(nil)
        #expect(registry.text().isEmpty)
    }

    @Test func whatWasNotToldAgainIsGone() {
        let registry = SignalRegistry()
        let metric = Metric("test.kept", .gauge, .none, ["service", "slot"], "Kept.", seriesLimit: 3)
        registry.gauge(metric).replace(of: "orders", with: [["a"]: 1, ["b"]: 2])
        registry.gauge(metric).replace(of: "stock", with: [["a"]: 3])
        registry.gauge(metric).replace(of: "orders", with: [["b"]: 4])
        let lines = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == ["test_kept{service=\"orders\",slot=\"b\"} 4", "test_kept{service=\"stock\",slot=\"a\"} 3"])
        registry.gauge(metric).replace(of: "orders", with: [:])
        #expect(registry.text().hasSuffix("test_kept{service=\"stock\",slot=\"a\"} 3\n"))
    }

    /// What is told again stays, however long it is: there is no moment in which it is not there.
    @Test func whatIsToldAgainIsTheSameSeries() {
        let registry = SignalRegistry()
        let metric = Metric("test.kept", .gauge, .none, ["service", "slot"], "Kept.")
        let long = String(repeating: "s", count: 300)
        registry.gauge(metric).replace(of: "orders", with: [[long]: 1])
        let first = registry.gauge(metric).series("orders", long)
        registry.gauge(metric).replace(of: "orders", with: [[long]: 2])
        #expect(registry.gauge(metric).series("orders", long) === first)
    }

    @Test func whatIsKnownAtTheMomentOnlyIsAskedForBeforeEachReading() {
        let registry = SignalRegistry()
        let gauge = registry.gauge(Metric("test.depth", .gauge, .events, [], "Depth.")).series()
        let asked = Mutex(0)
        let ticket = registry.refresh {
            gauge.set(
                asked.withLock { asked in
                    asked += 1
                    return asked
                })
        }
        #expect(registry.text().contains("test_depth 1\n"))
        #expect(registry.text().contains("test_depth 2\n"))
        registry.endRefreshing(ticket)
        #expect(registry.text().contains("test_depth 2\n"))
    }
}

extension SignalRegistry {
    func text(_ form: Exposition = .prometheus) -> String { String(decoding: exposition(form), as: UTF8.self) }
}
