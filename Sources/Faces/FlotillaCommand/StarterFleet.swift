/// What `flotilla init` writes.
enum StarterFleet {
    static let text = #"""
        # A fleet: services that own their data, and what passes between them.
        # Reference: docs/fleet-file.md. After a change: flotilla check, flotilla plan, flotilla apply.
        fleet: starter
        broker: embedded                     # durable logs in SQLite files, below `state`
        state: .flotilla                     # relative to this file

        services:
          customers:
            store: sqlite:customers.db       # relative to this file; apply creates it where it is missing
            # An event leaves the service as a row in table `outbox` of its store, written in the same transaction as the
            # business rows, by any program:
            #   INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
            #   VALUES (<a UUID>, 'customer', 'C1', 'CustomerRegistered', '{"customer_id": "C1", "name": "Ada"}');
            # To try it out:
            #   flotilla publish customers CustomerRegistered --key C1 --data '{"customer_id": "C1", "name": "Ada"}'
            publishes: [CustomerRegistered, CustomerRenamed]

          orders:
            store: "${ORDERS_STORE:-sqlite:orders.db}"   # from the environment, with a default
            publishes: [OrderPlaced]
            # To try it out:
            #   flotilla publish orders OrderPlaced --key O1 --data '{"order_id": "O1", "customer_id": "C1", "total": 12.5}'
            views:                           # read models: copies of others' data, kept up to date in this store
              order_overview:
                schema: |                    # run by apply when the view does not exist yet
                  CREATE TABLE customer_names (
                    customer_id TEXT PRIMARY KEY,
                    name TEXT NOT NULL
                  );
                  CREATE TABLE order_overview (
                    order_id TEXT PRIMARY KEY,
                    customer_id TEXT NOT NULL,
                    customer_name TEXT,
                    total REAL NOT NULL
                  );
                when:                        # all statements of one event commit together, once
                  customers.CustomerRegistered: |
                    INSERT INTO customer_names VALUES (:data.customer_id, :data.name)
                    ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name;
                    UPDATE order_overview SET customer_name = :data.name WHERE customer_id = :data.customer_id;
                  customers.CustomerRenamed: |
                    INSERT INTO customer_names VALUES (:data.customer_id, :data.name)
                    ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name;
                    UPDATE order_overview SET customer_name = :data.name WHERE customer_id = :data.customer_id;
                  orders.OrderPlaced: |
                    INSERT INTO order_overview VALUES (
                      :data.order_id, :data.customer_id,
                      (SELECT name FROM customer_names WHERE customer_id = :data.customer_id), :data.total);

        """#
}
