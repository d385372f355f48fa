import FleetCore
import Outbox
import SQLiteStore
import Stores
import TestKit

/// A SQLite file with an outbox in it, for one test.
struct OutboxFile {
    static let stream = StreamName(fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "orders"))
    static let table = TableName(unchecked: "outbox")

    static func needs(keep: Duration = .zero) -> OutboxNeeds {
        OutboxNeeds(table: table, keep: keep, stream: stream)
    }

    let directory: TemporaryDirectory
    var path: String { directory.file("orders.db") }
    let store: SQLiteStore
    let keep: Duration

    /// - Parameter schema: creates the outbox as a service would have; otherwise `apply` creates it.
    init(schema: String? = nil, keep: Duration = .zero) async throws {
        directory = try TemporaryDirectory()
        self.keep = keep
        let setup = SQLiteSetup(path: directory.file("orders.db"), name: "orders.db")
        if let schema {
            _ = try await setup.apply(StoreNeeds(outbox: nil, views: []))
            let store = try SQLiteStore(path: directory.file("orders.db"))
            try await store.write { try $0.script(schema) }
            await store.close()
        }
        _ = try await setup.apply(StoreNeeds(outbox: Self.needs(keep: keep), views: []))
        store = try SQLiteStore(path: directory.file("orders.db"))
    }

    /// The outbox as Debezium's users create it: without a column of SQLite's own.
    static let foreignSchema = """
        CREATE TABLE outbox (id TEXT PRIMARY KEY, aggregatetype TEXT NOT NULL, aggregateid TEXT NOT NULL,
            type TEXT NOT NULL, payload TEXT)
        """

    /// Opens the outbox for the length of `body`.
    func withOutbox<Result>(
        watcher: FileWatcher? = nil, clock: FleetClock = .system, maximumParked: EventCount = 1_000,
        _ body: (SQLiteOutbox) async throws -> Result
    ) async throws -> Result {
        let outbox = try await SQLiteOutbox(
            path: path, name: "orders.db", table: Self.table, keep: keep, stream: Self.stream,
            maximumParked: maximumParked, watcher: watcher, clock: clock)
        do {
            let result = try await body(outbox)
            await outbox.close()
            return result
        } catch {
            await outbox.close()
            throw error
        }
    }

    /// Adds one row, as a service would.
    func add(_ number: Int, key: String = "order-1", type: String = "OrderPlaced") async throws {
        try await store.write { try $0.addRow(number, key: key, type: type) }
    }

    /// The numbers of the rows that are there, in their order.
    func numbers() async throws -> [Int] {
        try await store.read {
            try $0.rows("SELECT id FROM outbox ORDER BY _rowid_").map { numberOf($0[0].text ?? "") }
        }
    }
}

extension StoreTransaction {
    /// Adds one row to the outbox, with the id of a number.
    func addRow(_ number: Int, key: String = "order-1", type: String = "OrderPlaced") throws {
        try run(
            "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES ($1, 'order', $2, $3, $4)",
            [.text(EventID.numbered(number).description), .text(key), .text(type), .text(#"{"number": \#(number)}"#)])
    }
}

extension EventID {
    static func numbered(_ number: Int) -> EventID {
        EventID(high: 0x0192_F3A4_5B6C_7000, low: 0x8000_0000_0000_0000 | UInt64(number))
    }

    var number: Int { Int(low & 0xFFFF_FFFF) }
}

/// The number of an id made by ``EventID/numbered(_:)``; -1 for any other.
func numberOf(_ id: String) -> Int { EventID(id)?.number ?? -1 }

extension SQLiteOutbox {
    /// What there is after a position, without waiting.
    func captureNow(
        after position: OutboxPosition = .start, limit: BatchLimit = .standard
    ) async throws -> [CapturedRow] {
        try await capture(after: position, limit: limit, patience: .zero).rows
    }

    /// Settles rows as published.
    func publish(_ rows: [CapturedRow]) async throws {
        guard let last = rows.last else { return }
        try await settle(CapturedBatch(published: rows.map(\.position), parked: [], through: last.position))
    }
}

/// One captured row, as tests look at it.
struct CapturedRow {
    var position: OutboxPosition
    var key: String
    /// The event, if it is one.
    var event: Event?
    /// Why it is none.
    var fault: String?
}

extension CapturedRows {
    /// Events and others, in their order.
    var rows: [CapturedRow] {
        let events = zip(events, positions).map { CapturedRow(position: $1, key: $0.key, event: $0, fault: nil) }
        let others = malformed.map { CapturedRow(position: $0.position, key: $0.key, event: nil, fault: $0.reason) }
        return (events + others).sorted { $0.position < $1.position }
    }
}

extension [CapturedRow] {
    /// The numbers of their ids; -1 for what is no event.
    var numbers: [Int] { map { $0.event?.id.number ?? -1 } }
}
