import FleetCore
import TestKit
import Testing
import Traces

/// Making spans costs no more than was agreed, whatever comes; and what is left out is whole traces.
@Suite struct SpanAdmissionTests {
    /// Offers so many traces a second, each to two parts of the fleet.
    private func offer(
        _ traces: Int, seconds: Int, to admission: SpanAdmission, _ random: inout RandomSource
    ) async -> (spans: Int, halves: Int) {
        var (spans, halves) = (0, 0)
        for _ in 0..<seconds {
            for trace in 0..<traces {
                if trace % 1000 == 0 { await Task.yield() }
                let part = random.next() >> 8
                let parts = [admission.admits(part), admission.admits(part)]
                spans += parts.count { $0 }
                if parts[0] != parts[1] { halves += 1 }
            }
            admission.adjust(after: .seconds(1))
        }
        return (spans, halves)
    }

    @Test func allAreAdmittedWhereTheyAreFew() async {
        let admission = SpanAdmission(limit: 1000)
        var random = RandomSource(seed: 1)
        let spans = await offer(400, seconds: 20, to: admission, &random).spans
        #expect(spans == 2 * 400 * 20)
        #expect(admission.refusals == 0 && admission.share == 1)
    }

    @Test func ofMoreAShareIsAdmittedAndNotMoreThanMayBe() async {
        let admission = SpanAdmission(limit: 1000)
        var random = RandomSource(seed: 2)
        // Also before anybody has looked.
        let first = await offer(50_000, seconds: 1, to: admission, &random).spans
        #expect(first == 2000)
        _ = await offer(50_000, seconds: 20, to: admission, &random)
        let (spans, halves) = await offer(50_000, seconds: 20, to: admission, &random)
        #expect((18_000...22_000).contains(spans), "\(spans)")
        // Both parts of a trace, or none.
        #expect(halves == 0)
        #expect(admission.refusals > 50_000 * 2 * 40)
    }

    @Test func onceThereAreFewerAllAreAdmittedAgain() async {
        let admission = SpanAdmission(limit: 1000)
        var random = RandomSource(seed: 3)
        _ = await offer(50_000, seconds: 20, to: admission, &random)
        #expect(admission.share < 0.02)
        _ = await offer(100, seconds: 20, to: admission, &random)
        #expect(admission.share == 1)
    }
}
