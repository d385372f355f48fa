import Foundation
import GRDB
import Testing

/// The whole way of a stream, as `flotilla status` shows it.
@Suite(.serialized, .lanes) struct StatusTests {
    @Test func eachStageIsShown() async throws {
        let setting = try await FlowFleet()
        try await setting.make(1...5)
        let written = try await FlowStatus.read(setting.fleet)
        #expect(written.streams[0].written == .init(events: 5, lagEvents: 0, lagSeconds: 0))
        #expect(written.streams[0].captured?.events == 0 && written.streams[0].captured?.lagEvents == 5)
        #expect(written.streams[0].captured?.lagSeconds.map { $0 >= 0 && $0 < 600 } == true)
        #expect(written.streams[0].broker == .init(events: 0, lagEvents: 0, lagSeconds: 0))
        #expect(written.streams[0].records == .init(first: 1, last: 0, count: 0, bytes: 0))
        #expect(
            written.views.map(\.delivered)
                == Array(repeating: .init(events: 0, lagEvents: 0, lagSeconds: 0), count: 2))
        try await setting.does("pause", "copies.ledger")
        #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0))
        let carried = try await FlowStatus.read(setting.fleet)
        let stream = carried.streams[0]
        #expect([stream.written, stream.captured, stream.broker].map { $0?.events } == [5, 5, 5])
        #expect([stream.written, stream.captured, stream.broker].map { $0?.lagEvents } == [0, 0, 0])
        #expect(stream.records?.first == 1 && stream.records?.last == 5 && stream.records?.count == 5)
        #expect(
            (stream.records?.bytes ?? 0) > 0 && stream.records?.firstTime != nil && stream.records?.lastTime != nil)
        #expect(
            carried.views.map(\.delivered?.events) == [0, 5] && carried.views.map(\.delivered?.lagEvents) == [5, 0])
        #expect(carried.views[0].delivered?.lagSeconds.map { $0 >= 0 && $0 < 600 } == true)
        let text = try await setting.does("status")
        for words in [
            "maker outbox", "captured", "in the broker", "1 to 5", "copies.ledger", "copies.latest", "paused",
        ] {
            #expect(text.contains(words), "\(text)")
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("!") || $0.count <= 100 }, "\(text)")
    }

    @Test func whatIsParkedHasItsAge() async throws {
        let setting = try await ParkedFleet()
        try await setting.sales.publish(ParkedFleet.sold("K", 500), OutboxRow(key: "L", type: "Stolen", payload: "{}"))
        try await setting.expectParked()
        let status = try await FlowStatus.read(setting.fleet)
        #expect(status.streams[0].parked == 1 && status.views[0].parked == 1)
        for seconds in [status.streams[0].oldestParkedSeconds, status.views[0].oldestParkedSeconds] {
            #expect(seconds.map { $0 >= 0 && $0 < 600 } == true)
        }
        let text = try await setting.fleet.flotilla("status")
        #expect(text.output.contains("sales outbox: the oldest parked event is"), "\(text.said)")
    }

    /// What is captured and cannot get into the broker is on its way, and not in the outbox alone.
    @Test func whatIsOnItsWayIsTold() async throws {
        let setting = try await FlowFleet()
        let run = try await setting.fleet.startRun()
        try await setting.make(1...1)
        try await setting.arrives([1])
        // Somebody holds the stream's file.
        let stream = try setting.fleet.store(".flotilla/streams/flow-maker.db")
        try await stream.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        try await setting.make(2...4)
        try await eventually("they are on their way") {
            let maker = try await FlowStatus.read(setting.fleet).streams[0]
            return maker.captured?.lagEvents == 0 && maker.broker?.lagEvents == 3 && maker.broker?.lagSeconds != nil
        }
        try await stream.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await setting.arrives([1, 2, 3, 4])
        try await eventually("they have come") {
            try await FlowStatus.read(setting.fleet).streams[0].broker
                == .init(events: 4, lagEvents: 0, lagSeconds: 0)
        }
        try await setting.end(run)
    }
}
