import FleetCore
import Testing

@testable import Control

/// What the log says again and again is told once, and then how often.
@Suite struct LogFoldingTests {
    private static let begin = Timestamp(microseconds: 1_800_000_000_000_000)

    private func line(_ message: String, _ level: String = "error", stream: String? = nil) -> LogLine {
        LogLine(level: level, message: message, metadata: stream.map { ["stream": $0] } ?? [:])
    }

    @Test func theFirstIsToldAtOnceAndTheRestAreCounted() {
        var folding = LogFolding()
        var told: [LogLine] = []
        for second in 0..<38 {
            told += folding.take(line("gone"), at: Self.begin.advanced(by: .seconds(Int64(second))))
        }
        #expect(told == [line("gone")])
        #expect(folding.due(at: Self.begin.advanced(by: .seconds(59))).isEmpty)
        let later = folding.due(at: Self.begin.advanced(by: .seconds(60)))
        #expect(later.map(\.message) == ["gone"] && later.map(\.repeated) == [37])
        // A minute without it: it is as new the next time.
        #expect(folding.due(at: Self.begin.advanced(by: .seconds(121))).isEmpty)
        #expect(folding.take(line("gone"), at: Self.begin.advanced(by: .seconds(122))) == [line("gone")])
    }

    @Test func nothingThatDiffersIsFolded() {
        var folding = LogFolding()
        let lines = [line("a"), line("b"), line("a", "warning"), line("a", stream: "x"), line("a", stream: "y")]
        for line in lines { #expect(folding.take(line, at: Self.begin) == [line]) }
        // What is said of what goes well is never folded.
        for _ in 0..<3 { #expect(folding.take(line("a", "info"), at: Self.begin) == [line("a", "info")]) }
    }

    /// A receiver that is away for a minute has many runs get stuck for one reason.
    @Test func whichRunItIsAboutMakesNoDifference() {
        var folding = LogFolding()
        var told: [LogLine] = []
        for number in 0..<146 {
            var stuck = line("a run of flow order is stuck", "warning")
            stuck.metadata = ["flow": "order", "key": "P\(number)"]
            told += folding.take(stuck, at: Self.begin.advanced(by: .milliseconds(250 * number)))
        }
        #expect(told.count == 1 && told[0].metadata["key"] == "P0")
        #expect(folding.due(at: Self.begin.advanced(by: .seconds(61))).map(\.repeated) == [145])
    }

    /// Of many events with the same trouble one is named, and the others are counted.
    @Test func whichEventItIsAboutMakesNoDifference() {
        var folding = LogFolding()
        func parked(_ event: String, _ reason: String = "no") -> LogLine {
            LogLine(level: "warning", message: reason, metadata: ["event": event, "trace_id": event, "place": "a"])
        }
        #expect(folding.take(parked("1"), at: Self.begin) == [parked("1")])
        for number in 2...5 { #expect(folding.take(parked("\(number)"), at: Self.begin).isEmpty) }
        #expect(folding.take(parked("6", "another"), at: Self.begin) == [parked("6", "another")])
        let told = folding.end(at: Self.begin)
        #expect(told.map(\.repeated) == [4] && told.first?.metadata == ["place": "a"])
    }

    @Test func theEndTellsWhatWasCounted() {
        var folding = LogFolding()
        for _ in 0..<3 { _ = folding.take(line("gone"), at: Self.begin) }
        #expect(folding.end(at: Self.begin).map(\.repeated) == [2])
        #expect(folding.end(at: Self.begin).isEmpty)
    }

    @Test func memoryIsBoundedAndAClockMayGoBack() {
        var folding = LogFolding()
        for number in 0..<5_000 { #expect(folding.take(line("\(number)"), at: Self.begin).count == 1) }
        // Those beyond the bound are told each time.
        #expect(folding.take(line("4999"), at: Self.begin).count == 1)
        #expect(folding.take(line("0"), at: Self.begin).isEmpty)
        let back = Self.begin.advanced(by: .seconds(-86_400))
        #expect(folding.take(line("0"), at: back).isEmpty)
        #expect(folding.due(at: back.advanced(by: .seconds(60))).map(\.repeated) == [2])
    }
}
