import Flotilla

/// The orders service's store: its own tables, and the copies of others' data that its views keep beside them.
struct OrderBook: Sendable {
    private let store: ServiceStore
    private let seed: UInt64

    /// - Parameter place: the directory of the SQLite files, or the URL of a PostgreSQL database with a schema a service.
    static func open(in place: String, seed: UInt64) async throws -> OrderBook {
        let isServer = place.hasPrefix("postgres")
        let store = try await ServiceStore.open(
            isServer ? place : "sqlite:\(place)/orders.db", service: "orders", schema: isServer ? "orders" : nil)
        let book = OrderBook(store: store, seed: seed)
        while try await !book.createTables() { try await Task.sleep(for: .milliseconds(100)) }
        return book
    }

    private func createTables() async throws -> Bool {
        try await transaction { transaction in
            try transaction.script(
                """
                CREATE TABLE IF NOT EXISTS orders (
                    order_id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, customer_id TEXT NOT NULL);
                CREATE TABLE IF NOT EXISTS order_lines (
                    order_id TEXT NOT NULL REFERENCES orders, line INTEGER NOT NULL, sku TEXT NOT NULL,
                    quantity INTEGER NOT NULL CHECK (quantity > 0), PRIMARY KEY (order_id, line));
                """)
        }
    }

    /// - Returns: `false` where another writer holds the store; nothing has happened then.
    private func transaction(_ body: @escaping @Sendable (Transaction) throws -> Void) async throws -> Bool {
        do {
            try await store.transaction(body)
            return true
        } catch let error as FleetError where error.isRetriable {
            return false
        }
    }

    func close() async {
        await store.close()
    }

    /// Places the order after the last one, once customer and products are known here: nobody is asked, the service
    /// looks at its own copies. The order's rows and its event commit together.
    ///
    /// Where that cannot be yet, nothing happens, and the same order is placed at a later turn.
    func placeNext() async throws {
        _ = try await transaction { transaction in
            let last = try transaction.firstRow("SELECT max(number) FROM orders")?[0].integer ?? 0
            let order = Order(number: Int(last) + 1, seed: seed)
            guard try isAcceptable(order, transaction) else { return }
            try write(order, transaction)
            // A trace for each order: the page shows its way.
            try transaction.publish(OrderPlaced(order), key: order.id, traceParent: TraceParent.begin())
        }
    }

    private func isAcceptable(_ order: Order, _ transaction: Transaction) throws -> Bool {
        guard try transaction.firstRow("SELECT 1 FROM customer_names WHERE customer_id = $1", order.customer) != nil
        else { return false }
        return try order.lines.allSatisfy { line in
            try transaction.firstRow("SELECT 1 FROM product_titles WHERE sku = $1", line.sku) != nil
        }
    }

    private func write(_ order: Order, _ transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO orders (order_id, number, customer_id) VALUES ($1, $2, $3)",
            order.id, order.number, order.customer)
        for (index, line) in order.lines.enumerated() {
            try transaction.execute(
                "INSERT INTO order_lines (order_id, line, sku, quantity) VALUES ($1, $2, $3, $4)",
                order.id, index + 1, line.sku, line.quantity)
        }
    }
}
