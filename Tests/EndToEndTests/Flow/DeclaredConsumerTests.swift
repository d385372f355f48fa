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

    @Test func itsRecordsAreKeptAndItIsShown() async throws {
        let yaml = FlowFleet.yaml(broker: "{engine: embedded, retain: {age: 0s}}")
        let setting = try await FlowFleet(
            yaml.replacing(
                "store: sqlite:copies.db", with: "store: sqlite:copies.db\n    consumers: {book: [maker.Made]}"))
        try await setting.copies.write {
            try $0.execute(sql: "CREATE TABLE book (number INTEGER PRIMARY KEY, value INT)")
        }
        func book() async throws -> [Int] {
            try await setting.copies.texts("SELECT CAST(value AS TEXT) FROM book ORDER BY number").compactMap {
                Int($0)
            }
        }
        try await setting.make(1...20)
        // Nobody waits for it, and nothing that it has to read is dropped.
        for _ in 0..<3 { #expect(try await setting.fleet.flotilla("run", "--until-idle").ended(0)) }
        let before = try await FlowStatus.read(setting.fleet)
        #expect(before.views.map(\.kind) == ["view", "view", "consumer"])
        #expect(before.views.last?.view == "copies.book" && before.views.last?.pending == 20)
        let refused = try await setting.fleet.flotilla("pause", "copies.book")
        #expect(refused.ended(1) && refused.errors.contains("a program of its service's own"), "\(refused.said)")
        let store = try await ServiceStore.open("sqlite:\(setting.fleet.file("copies.db"))", service: "copies")
        let run = try await setting.fleet.startRun()
        try await running(try consumer(of: setting, store, limit: 30)) {
            try await eventually("all are handled") { try await book() == Array(1...20) }
            try await setting.make(21...31)
            try await eventually("but for one") { try await book() == Array(1...30) }
            try await eventually("that is parked for good") {
                try await FlowStatus.read(setting.fleet).views.last?.parked == 1
            }
        }
        let list = try await setting.does("parked", "list")
        #expect(list.contains("copies.book") && list.contains("the handler of Made failed: TooLarge"), "\(list)")
        try await running(try consumer(of: setting, store, limit: 100)) {
            #expect(try await setting.does("parked", "retry").contains("its service tries it again"))
            try await eventually("it is tried") { try await book() == Array(1...31) }
        }
        #expect(try await setting.does("parked", "list").contains("nothing is parked"))
        try await setting.end(run)
        await store.close()
        // Where it is declared no more, it holds nothing back.
        try setting.fleet.write(yaml)
        #expect(try await setting.does("apply").contains("unsubscribe copies.book"))
    }
}
