import Flotilla
import Foundation
import GRDB
import Testing

/// A service that reads events by a program of its own, beside the real `flotilla run`.
@Suite(.serialized, .lanes) struct DeclaredConsumerTests {
    struct Made: ConsumableEvent {
        static let eventType = "Made"
        var value: Int
    }

    struct TooLarge: Error {}

    /// Keeps what it is told; what is larger than `limit`, it refuses.
    private func consumer(of setting: FlowFleet, _ store: ServiceStore, limit: Int) throws -> Consumer {
        try Consumer(
            "book", of: store, in: try .embedded(fleet: "flow", state: setting.fleet.file(".flotilla")),
            [
                .on(Made.self, from: "maker") { made, _, transaction in
                    if made.value > limit { throw TooLarge() }
                    try transaction.execute("INSERT INTO book (value) VALUES ($1)", made.value)
                }
            ])
    }

    private func running(_ consumer: Consumer, while body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            try await body()
            group.cancelAll()
        }
    }

    private func fleet(_ yaml: String = FlowFleet.yaml()) async throws -> FlowFleet {
        let setting = try await FlowFleet(
            yaml.replacing(
                "store: sqlite:copies.db", with: "store: sqlite:copies.db\n    consumers: {book: [maker.Made]}"))
        try await setting.copies.write {
            try $0.execute(sql: "CREATE TABLE book (number INTEGER PRIMARY KEY, value INT)")
        }
        return setting
    }

    private func book(of setting: FlowFleet) async throws -> [Int] {
        try await setting.copies.texts("SELECT CAST(value AS TEXT) FROM book ORDER BY number").compactMap { Int($0) }
    }

    @Test func anOperatorPausesItAndHasItTakeEventsAgain() async throws {
        let setting = try await fleet()
        let store = try await ServiceStore.open("sqlite:\(setting.fleet.file("copies.db"))", service: "copies")
        let run = try await setting.fleet.startRun()
        // Before it has ever run.
        let told = try await setting.does("pause", "copies.book", "--reason", "an audit")
        #expect(told.contains("paused copies.book") && told.contains("hears of it within two seconds"), "\(told)")
        try await setting.make(1...5)
        let first = try consumer(of: setting, store, limit: 100)
        try await running(first) {
            try await eventually("it waits in the stream") {
                try await FlowStatus.read(setting.fleet).views.last?.pending == 5
            }
            try await eventually("it says so itself") { first.status.allSatisfy { $0.isPaused && $0.isIdle } }
            let status = try await FlowStatus.read(setting.fleet)
            #expect(status.views.last?.paused?.reason == "an audit")
            try await during(.milliseconds(1500)) { #expect(first.status[0].count == 0) }
            #expect(try await book(of: setting).isEmpty)
            try await setting.does("resume", "copies.book")
            try await eventually("it goes on") { try await book(of: setting) == Array(1...5) }
            // At work.
            try await setting.does("pause", "copies.book")
            try await eventually("it rests") { first.status.allSatisfy(\.isPaused) }
            try await setting.make(6...9)
            try await eventually("they wait in the stream") {
                try await FlowStatus.read(setting.fleet).views.last?.pending == 4
            }
            #expect(try await book(of: setting) == Array(1...5))
        }
        // Another process rests as well.
        let second = try consumer(of: setting, store, limit: 100)
        try await running(second) {
            try await during(.milliseconds(1500)) { #expect(second.status[0].count == 0) }
            try await setting.does("resume", "copies.book")
            try await eventually("it goes on") { try await book(of: setting) == Array(1...9) }
            // Its stream is idle, and it notices.
            try await eventually("all is noted") {
                try await FlowStatus.read(setting.fleet).views.last?.pending == 0
            }
            #expect(
                try await setting.does("replay", "copies.book", "--position", "8").contains("takes 2 records again"))
            try await eventually("it takes them again") { try await book(of: setting) == Array(1...9) + [8, 9] }
        }
        try await setting.end(run)
        await store.close()
    }

    @Test func itsRecordsAreKeptAndItIsShown() async throws {
        let yaml = FlowFleet.yaml(broker: "{engine: embedded, retain: {age: 0s}}")
        let setting = try await fleet(yaml)
        try await setting.make(1...20)
        // Nobody waits for it, and nothing that it has to read is dropped.
        for _ in 0..<3 { #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0)) }
        let before = try await FlowStatus.read(setting.fleet)
        #expect(before.views.map(\.kind) == ["view", "view", "consumer"])
        #expect(before.views.last?.view == "copies.book" && before.views.last?.pending == 20)
        let store = try await ServiceStore.open("sqlite:\(setting.fleet.file("copies.db"))", service: "copies")
        let run = try await setting.fleet.startRun()
        try await running(try consumer(of: setting, store, limit: 30)) {
            try await eventually("all are handled") { try await book(of: setting) == Array(1...20) }
            try await setting.make(21...31)
            try await eventually("but for one") { try await book(of: setting) == Array(1...30) }
            try await eventually("that is parked for good") {
                try await FlowStatus.read(setting.fleet).views.last?.parked == 1
            }
        }
        let list = try await setting.does("parked", "list")
        #expect(list.contains("copies.book") && list.contains("the handler of Made failed: TooLarge"), "\(list)")
        try await running(try consumer(of: setting, store, limit: 100)) {
            #expect(try await setting.does("parked", "retry").contains("its service tries it again"))
            try await eventually("it is tried") { try await book(of: setting) == Array(1...31) }
        }
        #expect(try await setting.does("parked", "list").contains("nothing is parked"))
        try await setting.end(run)
        await store.close()
        // Where it is declared no more, it holds nothing back.
        try setting.fleet.write(yaml)
        #expect(try await setting.does("apply").contains("unsubscribe copies.book"))
    }
}
