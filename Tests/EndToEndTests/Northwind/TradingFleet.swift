/// The fleet file of the trading company: three services with a store each, and read models in the orders' store.
struct TradingFleet {
    /// Of the orders' outbox.
    var keep = "0s"
    /// The embedded broker's keys, one a line.
    var broker = ""
    /// Services beside the three, each indented by two.
    var more = ""

    var yaml: String {
        """
        fleet: trading
        broker: {engine: embedded\(broker.isEmpty ? "" : ", \(broker)")}
        services:
          customers:
            store: sqlite:customers.db
            publishes: [CustomerRegistered, CustomerRenamed]
          catalog:
            store: sqlite:catalog.db
            publishes: [ProductListed]
          orders:
            store: sqlite:orders.db
            outbox: {keep: \(keep)}
            publishes: [OrderPlaced]
            views:
              order_book:
                schema: |
                  CREATE TABLE customer_names (customer_id TEXT PRIMARY KEY, name TEXT NOT NULL);
                  CREATE TABLE product_names (product_id TEXT PRIMARY KEY, name TEXT NOT NULL);
                  CREATE TABLE order_lines (
                    order_id TEXT NOT NULL, product_id TEXT NOT NULL, customer_id TEXT NOT NULL,
                    customer_name TEXT, product_name TEXT, unit_price REAL NOT NULL, quantity INTEGER NOT NULL,
                    discount REAL NOT NULL, applications INTEGER NOT NULL DEFAULT 1,
                    PRIMARY KEY (order_id, product_id));
                  CREATE INDEX order_lines_customers ON order_lines (customer_id);
                  CREATE TABLE applications (type TEXT PRIMARY KEY, count INTEGER NOT NULL);
                when:
                  customers.CustomerRegistered: |
                    \(Self.name("customer", "CustomerRegistered"))
                  customers.CustomerRenamed: |
                    \(Self.name("customer", "CustomerRenamed"))
                  catalog.ProductListed: |
                    \(Self.name("product", "ProductListed"))
                  orders.OrderPlaced: |
                    INSERT INTO order_lines
                      SELECT :key, value ->> 'product_id', :data.customer_id,
                        (SELECT name FROM customer_names WHERE customer_id = :data.customer_id),
                        (SELECT name FROM product_names WHERE product_id = value ->> 'product_id'),
                        value ->> 'unit_price', value ->> 'quantity', value ->> 'discount', 1
                      FROM json_each(:data.lines) WHERE true
                      ON CONFLICT DO UPDATE SET applications = applications + 1;
                    \(Self.count)
              ledger:
                schema: |
                  CREATE TABLE ledger (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    source TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL);
                when:
                  customers.CustomerRegistered: \(Self.entry)
                  customers.CustomerRenamed: \(Self.entry)
                  catalog.ProductListed: \(Self.entry)
                  orders.OrderPlaced: \(Self.entry)
        \(more)
        """
    }

    private static let entry = "INSERT INTO ledger (source, key, id) VALUES (:source, :key, :id)"
    private static let count = "INSERT INTO applications VALUES (:type, 1) ON CONFLICT DO UPDATE SET count = count + 1;"

    private static func name(_ kind: String, _ type: String) -> String {
        """
        INSERT INTO \(kind)_names VALUES (:key, :data.name) ON CONFLICT DO UPDATE SET name = excluded.name;
                    UPDATE order_lines SET \(kind)_name = :data.name WHERE \(kind)_id = :key;
                    \(count)
        """
    }
}
