import DrillJudge
import DrillKit
import FleetCore
import Foundation
import TestKit
import Testing

@Suite struct HistoryTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("history.jsonl")
    }

    private func write() throws -> History {
        let file = try HistoryFile(path)
        let opening = Opening(seed: .max, broker: "embedded", seconds: 1, command: "again", recoveryBound: 2)
        file.write(.opened(opening))
        for (number, outcome) in [Outcome.committed, .rolledBack, .unknown].enumerated() {
            let events = [WrittenEvent.Kind.ordinary, .poison, .undeclared].enumerated().map { version, kind in
                WrittenEvent(id: .make(), key: "key \"\(number)\"", version: version + 1, kind: kind)
            }
            file.write(
                .began(WrittenTransaction(id: "t\(number)", service: "s", events: events, undone: [events[0]])))
            file.write(.ended(transaction: "t\(number)", outcome: outcome))
        }
        file.write(.faultBegan(FaultRecord(number: 1, step: 1, name: "crash", begin: 5)))
        file.write(.faultEnded(number: 1))
        file.write(.recovered(step: 1, milliseconds: nil))
        file.write(.sampled([LagSample(name: "s", kind: .stream, pending: nil, seconds: 0.5, retained: 7)]))
        file.write(.died(process: "run 1", how: "signal 11"))
        return try file.read()
    }

    @Test func whatWasWrittenIsRead() throws {
        let (written, read) = (try write(), try HistoryFile.read(path))
        #expect(read.opening == written.opening)
        #expect(read.transactions == written.transactions)
        #expect(read.transactions.map(\.outcome) == [.committed, .rolledBack, .unknown])
        #expect(read.faults == written.faults && read.faults.first?.end != nil)
        #expect(read.recoveries == written.recoveries)
        #expect(read.samplings == written.samplings)
        #expect(read.deaths.map(\.process) == ["run 1"])
    }

    /// A drill that was killed may have written half a line; a commit without an outcome may be either.
    @Test func aHistoryThatBreaksOffIsReadUpToThere() throws {
        _ = try write()
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        lines = lines.prefix(4) + [lines[4].prefix(lines[4].count / 2)]
        try lines.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
        let read = try HistoryFile.read(path)
        #expect(read.transactions.map(\.outcome) == [.committed, .unknown])
    }

    @Test func whatWasObservedIsJudgedAgainAsBefore() throws {
        var drill = HealthyDrill(seed: RandomSource(for: "observations").seed)
        let event = try drill.transaction(of: "orders", .committed).events[0]
        drill.change(view: 0) { $0.removeAll { $0.event == event.id } }
        drill.observations.outboxes[0].retained = nil
        try ObservationsFile.write(drill.observations, to: path)
        let read = try ObservationsFile.read(path)
        #expect(Judge.judge(drill.history, read).findings == drill.judged().findings)
        #expect(read.parked == drill.observations.parked && read.outboxes == drill.observations.outboxes)
        #expect(read.views.map(\.folds) == drill.observations.views.map(\.folds))
    }
}
