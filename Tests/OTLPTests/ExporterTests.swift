import FleetCore
import OTLP
import Synchronization
import TestKit
import Testing
import Traces

/// The exporter at work: nobody waits for it, and nobody hears of one trouble twice.
@Suite struct ExporterTests {
    private func running(_ exporter: OTLPExporter, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            try await body()
            exporter.finish(within: .seconds(300))
            _ = try await group.next()
        }
    }

    @Test func aTroubleIsToldOnceAndItsEndToo() async throws {
        let unanswered = OTLPAnswer.unanswered(FleetError(.unavailable, "nobody is there"))
        let collector = Collector([unanswered, unanswered])
        let lines = LogLines()
        let exporter = Samples.exporter(collector, signals: [.traces], lines: lines)
        try await running(exporter) {
            exporter.export([Samples.span()])
            try await eventually("it is sent a third time") { collector.received.count == 3 }
            try await eventually("the end of the trouble is told") { lines.all.count == 2 }
        }
        #expect(
            lines.all[0]
                == "warning traces are not exported to http://collector:4318: nobody is there; events are carried, and it is tried again"
        )
        #expect(lines.all[1] == "info traces are exported again")
        #expect(exporter.exported(.traces) == 1 && exporter.losses.isEmpty)
    }

    @Test func whatIsLostIsCountedAndToldInOneLine() async throws {
        let collector = Collector([.answered(status: 400, retryAfter: nil, body: [])])
        let lines = LogLines()
        let exporter = Samples.exporter(collector, signals: [.traces], lines: lines)
        // Before anything is taken out of the queue.
        exporter.export((1...16_384 + 100).map { Samples.span($0) })
        try await running(exporter) {
            try await eventually(deadline: .seconds(300), "the rest is taken") {
                exporter.exported(.traces) == 16_384 - 512
            }
        }
        #expect(
            Set(exporter.losses) == [
                .init(signal: .traces, reason: "full", count: 100),
                .init(signal: .traces, reason: "refused", count: 512),
            ])
        #expect(lines.all.last == "warning not exported: 100 spans (full), 512 spans (refused)")
        #expect(collector.received.count == 32)
    }

    /// A collector that answers nobody, until it is cancelled.
    private final class Hanging: OTLPTransport {
        let name = "http://hanging"
        private let count = Mutex(0)
        private let ended = Mutex(false)
        var asked: Int { count.withLock { $0 } }
        /// Whether its exporter has ended.
        var isOver: Bool { ended.withLock { $0 } }

        func end() { ended.withLock { $0 = true } }

        func post(
            _ body: [UInt8], to signal: OTLPSignal, contentType: String, within limit: Duration
        ) async -> OTLPAnswer {
            count.withLock { $0 += 1 }
            try? await Task.sleep(for: .seconds(3600))
            return .unanswered(FleetError(.cancelled, "it was given up"))
        }

        func close() async {}
    }

    /// What hangs when the end comes has the rest of the time, and what waits behind it is not begun with.
    @Test(arguments: [true, false]) func theEndIsNotWaitedForLong(_ isUnderWay: Bool) async throws {
        let hanging = Hanging()
        let exporter = OTLPExporter(
            .init(encoding: .protobuf, signals: [.traces], interval: .seconds(60), resource: Samples.resource),
            transport: hanging, read: { [] }, logger: LogLines().logger)
        // Three requests.
        exporter.export((1...1100).map { Samples.span($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Whatever fails below, the request is cancelled.
            defer { group.cancelAll() }
            if !isUnderWay { exporter.finish(within: .seconds(1)) }
            group.addTask {
                await exporter.run()
                hanging.end()
            }
            if isUnderWay {
                try await eventually("it is asked") { hanging.asked == 1 }
                exporter.finish(within: .seconds(1))
            }
            let begun = ContinuousClock.now
            try await eventually("the exporter has ended") { hanging.isOver }
            // Not at once: what there is of the time is used.
            if isUnderWay { #expect(ContinuousClock.now - begun > .milliseconds(500)) }
        }
        #expect(hanging.asked <= 1)
        #expect(exporter.losses == [.init(signal: .traces, reason: "ended", count: 1100)])
    }
}
