import Foundation
import GRDB
import Testing

/// The company's three services at work in a fleet directory, and what became of their events.
final class TradingCompany {
    let fleet: FleetDirectory
    private let company: Northwind
    private var history: TradingHistory
    private let stores: [TradingHistory.Service: DatabaseQueue]
    /// Ids of committed events, in commit order, by source and key.
    private var committed: [Key: [String]] = [:]
    private var orders: [String] = []
    private var names: [String: String] = [:]
    private var listed: Set<String> = []
    private(set) var rolledBack = 0

    private struct Key: Hashable {
        var source: String
        var key: String
    }

    /// A fleet that is applied, with the business tables of each service.
    static func found(
        _ company: Northwind, seed: UInt64, fleet file: TradingFleet = TradingFleet()
    ) async throws -> TradingCompany {
        let fleet = try FleetDirectory(file.yaml)
        let applied = try await fleet.flotilla("apply")
        guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
        var stores: [TradingHistory.Service: DatabaseQueue] = [:]
        for service in TradingHistory.Service.allCases {
            let store = try fleet.store("\(service.rawValue).db")
            let table = service == .catalog ? "products" : service.rawValue
            try await store.write { try $0.execute(sql: "CREATE TABLE \(table) (id TEXT PRIMARY KEY, name TEXT)") }
            stores[service] = store
        }
        return TradingCompany(fleet, company, try TradingHistory(of: company, seed: seed), stores)
    }

    private init(
        _ fleet: FleetDirectory, _ company: Northwind, _ history: TradingHistory,
        _ stores: [TradingHistory.Service: DatabaseQueue]
    ) {
        self.fleet = fleet
        self.company = company
        self.history = history
        self.stores = stores
    }

    /// How many transactions are to come.
    var stepsToCome: Int { history.count }

    func store(of service: TradingHistory.Service) throws -> DatabaseQueue {
        guard let store = stores[service] else { throw Trouble("\(service) has no store") }
        return store
    }

    /// Does the next transactions.
    func work(_ count: Int = .max) async throws {
        for _ in 0..<count {
            guard let step = history.next() else { return }
            try await perform(step)
        }
    }

    private func perform(_ step: TradingHistory.Step) async throws {
        try await store(of: step.service).writeWithoutTransaction { database in
            try database.inTransaction {
                // A row that is there already belongs to a try that is rolled back.
                let statement =
                    step.isRolledBack
                    ? step.statement.replacingOccurrences(of: "INSERT INTO", with: "INSERT OR REPLACE INTO")
                    : step.statement
                try database.execute(sql: statement, arguments: StatementArguments(step.values))
                try step.event.insert(database)
                return step.isRolledBack ? .rollback : .commit
            }
        }
        if step.isRolledBack {
            rolledBack += 1
            return
        }
        committed[Key(source: "/trading/\(step.service)", key: step.event.key), default: []].append(step.event.id)
        switch step.service {
        case .customers: names[step.values[0]] = step.values[1]
        case .catalog: listed.insert(step.values[0])
        case .orders: orders.append(step.values[0])
        }
    }

    // MARK: What must have become of it

    /// Carries everything that is pending, and expects the read models to be exact.
    func expectExact(_ comment: Comment? = nil, location: SourceLocation = #_sourceLocation) async throws {
        let run = try await fleet.flotilla("run", "--until-idle")
        #expect(run.ended(0), "\(run.said)", sourceLocation: location)
        try await expectExactNow(comment, location: location)
    }

    /// Expects the read models to be exact as they are.
    func expectExactNow(_ comment: Comment? = nil, location: SourceLocation = #_sourceLocation) async throws {
        let store = try store(of: .orders)
        let (expected, found) = (directJoin, try await bookedLines(store))
        #expect(found.count == expected.count, comment, sourceLocation: location)
        #expect(found == expected, comment, sourceLocation: location)

        let ledger = try await ledger(store)
        #expect(
            ledger == committed, "the ledger has each committed event once, by key in order", sourceLocation: location)

        let counted = try await store.integer("SELECT coalesce(sum(count), 0) FROM applications")
        #expect(counted == committed.values.map(\.count).reduce(0, +), comment, sourceLocation: location)
    }

    /// One row of the read model.
    struct BookedLine: Hashable {
        var orderID: String
        var customerName: String?
        var productName: String?
        var line: Northwind.Line
        var applications = 1
    }

    /// What a join of the three services' tables gives.
    private var directJoin: Set<BookedLine> {
        let products = Dictionary(company.products.map { ($0.id, $0.name) }) { first, _ in first }
        let placed = Set(orders)
        var lines: Set<BookedLine> = []
        for order in company.orders where placed.contains(order.id) {
            for line in order.lines {
                let product = listed.contains(line.productID) ? products[line.productID] : nil
                lines.insert(
                    BookedLine(
                        orderID: order.id, customerName: names[order.customerID], productName: product, line: line))
            }
        }
        return lines
    }

    func bookedLines(_ store: DatabaseQueue) async throws -> Set<BookedLine> {
        try await store.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM order_lines")
            return Set(
                rows.map { row in
                    BookedLine(
                        orderID: row["order_id"], customerName: row["customer_name"], productName: row["product_name"],
                        line: Northwind.Line(
                            productID: row["product_id"], unitPrice: row["unit_price"], quantity: row["quantity"],
                            discount: row["discount"]),
                        applications: row["applications"])
                })
        }
    }

    private func ledger(_ store: DatabaseQueue) async throws -> [Key: [String]] {
        try await store.read { database in
            var ids: [Key: [String]] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT source, key, id FROM ledger ORDER BY number") {
                ids[Key(source: row["source"], key: row["key"]), default: []].append(row["id"])
            }
            return ids
        }
    }
}
